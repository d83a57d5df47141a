(** * C6: the expected radius tends to the true radius, for every p < 1

    Statement.  Take the Gaussian, a noise level [sigma > 0], a confidence level
    [0 < alpha < 1] and the Clopper-Pearson bounds for every budget.  For each fixed
    [p < 1] the expected radius [r_N p] tends, as the budget [N] grows, to [sigma Q p] if
    [p > 1/2] and to 0 otherwise.  (At [p = 1] it tends to infinity, by B1.)

    Not here: the rate of convergence.

    Idea.  Counts concentrate near [p N], and their bounds near [p].
    - Counts up to [c N] have bounds up to [c'], for [p < c < c'] and large [N]: otherwise
      [alpha = tail N k (L k) >= tail N k c'], while by Chebyshev the latter tends to 1.
      In the same way counts from [c N] on have bounds from [c'] on, for [c' < c < p].
    - The other counts have probability of order [1/N] (Chebyshev again), and their radius
      is at most that of the full bound, of order [sqrt N] at most.
    So [r_N p] lies between quantities that tend to [R c'] for [c'] as close to [p] as we
    like, on either side. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List.
From RSTheory Require Import
  Setting Convexity Gaussian A1 A2_A3 B1_B2 BinomialLaw C1 Budget.
From RSTheory Require A5.
Open Scope R_scope.

(** ** Two sequences that vanish *)

Lemma one_over_N_vanishes (K eps : R) :
  0 <= K -> 0 < eps -> eventually (fun N => (0 < N)%nat /\ K * / INR N < eps).
Proof.
  intros HK Heps.
  destruct (INR_unbounded (K / eps)) as [N0 HN0].
  exists (S N0); intros N HN; split; [lia |].
  assert (HNR : INR N0 < INR N) by (apply lt_INR; lia).
  assert (HNpos : 0 < INR N) by (apply lt_0_INR; lia).
  apply (Rmult_lt_reg_r (INR N)); [exact HNpos |].
  rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  assert (HK' : K = K / eps * eps) by (field; lra).
  rewrite HK'; nra.
Qed.

Lemma root_over_N_vanishes (K eps : R) :
  0 <= K -> 0 < eps -> eventually (fun N => (0 < N)%nat /\ K * sqrt (INR N) * / INR N < eps).
Proof.
  intros HK Heps.
  destruct (one_over_N_vanishes (K * K) (eps * eps)) as [N0 HN0]; [nra | nra |].
  exists N0; intros N HN.
  destruct (HN0 N HN) as [HNnat Hsmall]; split; [exact HNnat |].
  assert (HNpos : 0 < INR N) by (now apply lt_0_INR).
  assert (Hroot : 0 < sqrt (INR N)) by (now apply sqrt_lt_R0).
  pose proof (sqrt_sqrt (INR N) (Rlt_le _ _ HNpos)) as Hsquare.
  replace (K * sqrt (INR N) * / INR N) with (K * / sqrt (INR N)).
  - assert (Hinv : 0 < / sqrt (INR N)) by (now apply Rinv_0_lt_compat).
    replace (K * K * / INR N) with ((K * / sqrt (INR N)) * (K * / sqrt (INR N))) in Hsmall
      by (rewrite <- Hsquare at 3; field; lra).
    destruct (Rlt_le_dec (K * / sqrt (INR N)) eps) as [Hlt | Hge]; [exact Hlt | nra].
  - rewrite <- Hsquare at 3; field; lra.
Qed.

Section Convergence.

Variables sigma alpha : R.
Hypothesis sigma_positive : 0 < sigma.
Hypothesis alpha_01 : 0 < alpha < 1.

Variable L : nat -> nat -> R.
Hypothesis L_bound : forall N, clopper_pearson N alpha (L N).

(** ** The radius of the full bound is at most of order [sqrt N] *)

(** A crude consequence of the Gaussian tail. *)
Lemma Q_squared_at_most_inverse (p : R) : 1/2 <= p < 1 -> Q p ^ 2 <= / (1 - p).
Proof.
  intros Hp.
  pose proof (A5.A5_tail_upper (Q p) (Q_nonnegative p Hp)) as Htail.
  rewrite Phi_Q in Htail by lra.
  unfold gauss in Htail; rewrite exp_Ropp in Htail.
  set (y := Q p ^ 2 / 2) in *.
  assert (Hy : Q p ^ 2 = 2 * y) by (unfold y; field).
  pose proof (exp_ineq1_le y) as Hexp; pose proof (exp_pos y) as Hpos.
  assert (Hinv : 2 * exp y <= / (1 - p)).
  { replace (2 * exp y) with (/ (1/2 * / exp y)) by (field; lra).
    apply Rinv_le_contravar; lra. }
  lra.
Qed.

(** [1 - alpha^(1/N)] is at least [a / (N + a)] with [a = ln (1 / alpha)]. *)
Lemma full_bound_gap (N : nat) :
  (0 < N)%nat -> - ln alpha / (INR N - ln alpha) <= 1 - full_bound alpha N.
Proof.
  intros HN.
  assert (HNpos : 0 < INR N) by (now apply lt_0_INR).
  pose proof (ln_negative alpha alpha_01) as Ha.
  set (a := - ln alpha) in *.
  replace (INR N - ln alpha) with (INR N + a) by (unfold a; ring).
  assert (Hbound : full_bound alpha N = / exp (a / INR N)).
  { unfold full_bound, Rpower; rewrite <- exp_Ropp; f_equal; unfold a; field; lra. }
  assert (Hexp : 1 + a / INR N <= exp (a / INR N)) by apply exp_ineq1_le.
  assert (Hquotient : 0 < a / INR N) by (apply Rdiv_lt_0_compat; unfold a; lra).
  assert (Hinv : / exp (a / INR N) <= / (1 + a / INR N)) by (apply Rinv_le_contravar; lra).
  replace (/ (1 + a / INR N)) with (1 - a / (INR N + a)) in Hinv
    by (field; unfold a; lra).
  rewrite Hbound; lra.
Qed.

Definition growth : R := sqrt (1 + / (- ln alpha)).

Lemma full_radius_root (N : nat) :
  (0 < N)%nat ->
  0 <= certified_radius sigma (full_bound alpha N) <= sigma * growth * sqrt (INR N).
Proof.
  intros HN.
  assert (HN1 : 1 <= INR N) by (apply (le_INR 1); lia).
  pose proof (ln_negative alpha alpha_01) as Ha.
  pose proof (full_bound_in_01 alpha alpha_01 N HN) as Hfull.
  assert (Hinv : 0 < / (- ln alpha)) by (apply Rinv_0_lt_compat; lra).
  split; [apply certified_radius_nonneg; lra |].
  unfold certified_radius, Radius; rewrite Rmult_assoc.
  destruct (Rlt_dec (1/2) (full_bound alpha N)) as [Hhalf | _].
  - apply Rmult_le_compat_l; [lra |].
    unfold growth; rewrite <- sqrt_mult by lra.
    rewrite <- (sqrt_pow2 (Q (full_bound alpha N))) by (apply Q_nonnegative; lra).
    apply sqrt_le_1_alt.
    apply Rle_trans with (/ (1 - full_bound alpha N));
      [apply Q_squared_at_most_inverse; lra |].
    apply Rle_trans with (/ (- ln alpha / (INR N - ln alpha))).
    + apply Rinv_le_contravar; [apply Rdiv_lt_0_compat; lra | now apply full_bound_gap].
    + replace (/ (- ln alpha / (INR N - ln alpha))) with (1 + INR N * / (- ln alpha))
        by (field; lra).
      lra.
  - repeat apply Rmult_le_pos; try apply sqrt_pos; lra.
Qed.

(** ** Counts far from the mean are rare *)

Lemma far_rare (N : nat) (p d : R) :
  (0 < N)%nat -> in_01 p -> 0 < d ->
  0 <= expected N (far N p d) p <= / d ^ 2 * / INR N.
Proof.
  intros HN Hp Hd; split.
  - rewrite <- (expected_const N 0 p).
    apply expected_le; [exact Hp |].
    intros k _; unfold far; destruct (Rle_dec _ _); lra.
  - rewrite Rmult_comm, <- Rinv_mult.
    now apply chebyshev.
Qed.

(** Counts up to [c N] have bounds up to [c' > c]. *)
Lemma low_counts (c c' : R) (N k : nat) :
  (0 < N)%nat -> in_01 c' -> c < c' -> / (c' - c) ^ 2 * / INR N < 1 - alpha ->
  (k <= N)%nat -> INR k <= c * INR N -> L N k <= c'.
Proof.
  intros HN Hc' Hcc' Hlarge Hk Hlow.
  destruct (L_bound N) as [Hzero Hpos].
  destruct (Nat.eq_dec k 0) as [-> | Hk0]; [rewrite Hzero; apply Hc' |].
  destruct (Hpos k ltac:(lia)) as [Hin Htail].
  destruct (Rle_lt_dec (L N k) c') as [Hle | Hgt]; [exact Hle | exfalso].
  pose proof (tail_non_decreasing N k c' (L N k) Hc' Hin ltac:(lra)) as Hmonotone.
  (* fewer than k successes at c' is a deviation *)
  assert (Hdeviation : expected N (fun j => 1 + -1 * at_least k j) c'
                       <= expected N (far N c' (c' - c)) c').
  { apply expected_le; [exact Hc' |].
    intros j Hj; unfold at_least, far.
    destruct (le_dec k j) as [_ | Hjk];
      destruct (Rle_dec (INR N * (c' - c)) (Rabs (INR j - INR N * c'))) as [_ | Hnear];
      try lra.
    exfalso; apply Hnear.
    assert (Hj' : INR j <= INR k) by (apply le_INR; lia).
    rewrite Rabs_left1; pose proof (pos_INR N); nra. }
  rewrite expected_plus, expected_const, expected_scal in Hdeviation.
  pose proof (far_rare N c' (c' - c) HN Hc' ltac:(lra)).
  unfold tail in *; lra.
Qed.

(** Counts from [c N] on have bounds from [c' < c] on. *)
Lemma high_counts (c c' : R) (N k : nat) :
  (0 < N)%nat -> in_01 c' -> c' < c -> / (c - c') ^ 2 * / INR N < alpha ->
  (k <= N)%nat -> c * INR N <= INR k -> c' <= L N k.
Proof.
  intros HN Hc' Hcc' Hlarge Hk Hhigh.
  assert (HNR : 0 < INR N) by (now apply lt_0_INR).
  destruct (L_bound N) as [_ Hpos].
  assert (Hk1 : (1 <= k)%nat).
  { apply INR_le; simpl; apply (le_INR 1), INR_lt; simpl.
    unfold in_01 in Hc'; nra. }
  destruct (Hpos k ltac:(lia)) as [Hin Htail].
  destruct (Rle_lt_dec c' (L N k)) as [Hle | Hgt]; [exact Hle | exfalso].
  pose proof (tail_non_decreasing N k (L N k) c' Hin Hc' ltac:(lra)) as Hmonotone.
  (* k successes or more at c' is a deviation *)
  assert (Hdeviation : tail N k c' <= expected N (far N c' (c - c')) c').
  { apply expected_le; [exact Hc' |].
    intros j Hj; unfold at_least, far.
    destruct (le_dec k j) as [Hjk | _];
      destruct (Rle_dec (INR N * (c - c')) (Rabs (INR j - INR N * c'))) as [_ | Hnear];
      try lra.
    exfalso; apply Hnear.
    assert (Hj' : INR k <= INR j) by (apply le_INR; lia).
    rewrite Rabs_right; nra. }
  pose proof (far_rare N c' (c - c') HN Hc' ltac:(lra)); lra.
Qed.

(** ** The bounds on the expected radius *)

Variable p : R.
Hypothesis p_below_1 : 0 <= p < 1.

Lemma in_01_p : in_01 p.
Proof. unfold in_01; lra. Qed.

Lemma expected_radius_nonneg (N : nat) : 0 <= expected_radius sigma N (L N) p.
Proof.
  rewrite <- (expected_const N 0 p).
  apply expected_le; [exact in_01_p |].
  intros k Hk; apply certified_radius_nonneg; [exact sigma_positive |].
  now apply (bound_below_1 alpha N (L N) alpha_01 (L_bound N)).
Qed.

Lemma radius_upper (c c' : R) (N : nat) :
  (0 < N)%nat -> p < c -> c < c' -> c' < 1 -> / (c' - c) ^ 2 * / INR N < 1 - alpha ->
  expected_radius sigma N (L N) p
  <= certified_radius sigma c'
     + sigma * growth * / (c - p) ^ 2 * sqrt (INR N) * / INR N.
Proof.
  intros HN Hpc Hcc' Hc'1 Hlarge.
  assert (Hc' : in_01 c') by (unfold in_01; lra).
  pose proof (full_bound_in_01 alpha alpha_01 N HN) as Hfull.
  pose proof (full_radius_root N HN) as [Hfull0 Hroot].
  pose proof (certified_radius_nonneg sigma sigma_positive c' Hc'1) as Hc'0.
  pose proof (far_rare N p (c - p) HN in_01_p ltac:(lra)) as [Hfar0 Hfar].
  apply Rle_trans with
    (expected N (fun k => certified_radius sigma c'
       + certified_radius sigma (full_bound alpha N) * far N p (c - p) k) p).
  - apply expected_le; [exact in_01_p |].
    intros k Hk; unfold count_radius.
    pose proof (bound_below_1 alpha N (L N) alpha_01 (L_bound N) k Hk) as HLk.
    unfold far; destruct (Rle_lt_dec (INR k) (c * INR N)) as [Hlow | Hhigh].
    + apply Rle_trans with (certified_radius sigma c').
      * apply certified_radius_non_decreasing; trivial; [lra |].
        now apply (low_counts c c' N k).
      * destruct (Rle_dec _ _); lra.
    + destruct (Rle_dec (INR N * (c - p)) (Rabs (INR k - INR N * p))) as [_ | Hnear].
      * apply Rle_trans with (certified_radius sigma (full_bound alpha N)); [| lra].
        pose proof (C1_full_bound N alpha (L N) alpha_01 (L_bound N) HN) as HLN.
        apply certified_radius_non_decreasing; trivial; [lra | | lra].
        rewrite <- HLN; now apply (bound_below_full alpha N (L N) (L_bound N)).
      * exfalso; apply Hnear.
        rewrite Rabs_right; pose proof (pos_INR N); nra.
  - rewrite expected_plus, expected_const, expected_scal.
    apply Rplus_le_compat_l.
    replace (sigma * growth * / (c - p) ^ 2 * sqrt (INR N) * / INR N)
      with (sigma * growth * sqrt (INR N) * (/ (c - p) ^ 2 * / INR N)) by ring.
    now apply Rmult_le_compat.
Qed.

Lemma radius_lower (c c' : R) (N : nat) :
  (0 < N)%nat -> 0 <= c' -> c' < c -> c < p -> / (c - c') ^ 2 * / INR N < alpha ->
  certified_radius sigma c' - certified_radius sigma c' * / (p - c) ^ 2 * / INR N
  <= expected_radius sigma N (L N) p.
Proof.
  intros HN Hc'0 Hcc' Hcp Hlarge.
  assert (Hc' : in_01 c') by (unfold in_01; lra).
  pose proof (certified_radius_nonneg sigma sigma_positive c' ltac:(lra)) as Hradius.
  pose proof (far_rare N p (p - c) HN in_01_p ltac:(lra)) as [_ Hfar].
  apply Rle_trans with
    (expected N (fun k => certified_radius sigma c'
       + - certified_radius sigma c' * far N p (p - c) k) p).
  - rewrite expected_plus, expected_const, expected_scal; nra.
  - apply expected_le; [exact in_01_p |].
    intros k Hk; unfold count_radius.
    pose proof (bound_below_1 alpha N (L N) alpha_01 (L_bound N) k Hk) as HLk.
    pose proof (certified_radius_nonneg sigma sigma_positive (L N k) ltac:(lra)).
    unfold far.
    destruct (Rle_dec (INR N * (p - c)) (Rabs (INR k - INR N * p))) as [_ | Hnear]; [lra |].
    rewrite Rmult_0_r, Rplus_0_r.
    apply certified_radius_non_decreasing; trivial; [| lra].
    apply (high_counts c c' N k); trivial.
    destruct (Rle_lt_dec (c * INR N) (INR k)) as [Hle | Hlt]; [exact Hle |].
    exfalso; apply Hnear.
    rewrite Rabs_left1; pose proof (pos_INR N); nra.
Qed.

(** ** The limit *)

(** For every [p < 1] the expected radius tends to the radius at [p], 0 below 1/2, as
    the budget grows. *)
Theorem C6 :
  is_lim_seq (fun N => expected_radius sigma N (L N) p) (certified_radius sigma p).
Proof.
  apply is_lim_seq_spec; intros eps; simpl.
  pose proof (cond_pos eps) as Heps.
  set (e := eps / (2 * sigma)).
  assert (He : 0 < e) by (apply Rdiv_lt_0_compat; lra).
  assert (Hse : sigma * e = eps / 2) by (unfold e; field; lra).
  pose proof (Rmax_l p (1/2)) as Hmaxl; pose proof (Rmax_r p (1/2)) as Hmaxr.
  assert (Hmax1 : Rmax p (1/2) < 1) by (apply Rmax_lub_lt; lra).
  assert (Hupper : eventually (fun N =>
            expected_radius sigma N (L N) p < certified_radius sigma p + eps)).
  { (* c' is a little above p, with radius eps / 2 above *)
    set (z := Q (Rmax p (1/2))).
    set (c' := Phi (z + e)); set (c := (p + c') / 2).
    assert (Hc'p : Rmax p (1/2) < c').
    { rewrite <- (Phi_Q (Rmax p (1/2))) at 1 by lra.
      apply Phi_increasing; fold z; lra. }
    assert (Hc'1 : c' < 1) by apply Phi_below_1.
    assert (Hradius : certified_radius sigma c' = certified_radius sigma p + eps / 2).
    { rewrite !certified_radius_clipped, (Rmax_left c') by lra.
      unfold Radius; fold z; unfold c'; rewrite Q_Phi; lra. }
    assert (Hd : 0 < (c - p) ^ 2) by (apply pow_lt; unfold c; lra).
    assert (Hd' : 0 < (c' - c) ^ 2) by (apply pow_lt; unfold c; lra).
    destruct (one_over_N_vanishes (/ (c' - c) ^ 2) (1 - alpha)) as [N1 H1];
      [now apply Rlt_le, Rinv_0_lt_compat | lra |].
    destruct (root_over_N_vanishes (sigma * growth * / (c - p) ^ 2) (eps / 2)) as [N2 H2].
    { apply Rmult_le_pos; [apply Rmult_le_pos; [lra | apply sqrt_pos] |].
      now apply Rlt_le, Rinv_0_lt_compat. }
    { lra. }
    exists (N1 + N2)%nat; intros N HN.
    destruct (H1 N ltac:(lia)) as [HNpos Hlarge].
    destruct (H2 N ltac:(lia)) as [_ Hsmall].
    pose proof (radius_upper c c' N HNpos ltac:(unfold c; lra) ltac:(unfold c; lra)
                  Hc'1 Hlarge).
    lra. }
  assert (Hlower : eventually (fun N =>
            certified_radius sigma p - eps < expected_radius sigma N (L N) p)).
  { destruct (Rlt_dec (1/2) p) as [Hhalf | Habstains].
    - (* c' is a little below p, with radius eps / 2 below *)
      set (c' := Phi (Q p - e)); set (c := (p + c') / 2).
      assert (Hc'p : c' < p).
      { rewrite <- (Phi_Q p) at 1 by lra.
        apply Phi_increasing; lra. }
      pose proof (Phi_01 (Q p - e)) as Hc'01; fold c' in Hc'01.
      assert (Hradius : certified_radius sigma p - eps / 2 <= certified_radius sigma c').
      { rewrite (certified_radius_is_max sigma c' sigma_positive Hc'01).
        apply Rle_trans with (2 := Rmax_r _ _).
        rewrite certified_radius_clipped, Rmax_left by lra.
        unfold Radius, c'; rewrite Q_Phi; lra. }
      pose proof (certified_radius_nonneg sigma sigma_positive c' ltac:(lra)) as Hc'0.
      assert (Hd : 0 < (p - c) ^ 2) by (apply pow_lt; unfold c; lra).
      assert (Hd' : 0 < (c - c') ^ 2) by (apply pow_lt; unfold c; lra).
      destruct (one_over_N_vanishes (/ (c - c') ^ 2) alpha) as [N1 H1];
        [now apply Rlt_le, Rinv_0_lt_compat | lra |].
      destruct (one_over_N_vanishes (certified_radius sigma c' * / (p - c) ^ 2) (eps / 2))
        as [N2 H2].
      { apply Rmult_le_pos; [exact Hc'0 | now apply Rlt_le, Rinv_0_lt_compat]. }
      { lra. }
      exists (N1 + N2)%nat; intros N HN.
      destruct (H1 N ltac:(lia)) as [HNpos Hlarge].
      destruct (H2 N ltac:(lia)) as [_ Hsmall].
      pose proof (radius_lower c c' N HNpos ltac:(lra) ltac:(unfold c; lra)
                    ltac:(unfold c; lra) Hlarge).
      lra.
    - (* the limit is 0 *)
      exists 0%nat; intros N _.
      pose proof (expected_radius_nonneg N).
      unfold certified_radius; destruct (Rlt_dec (1/2) p); [contradiction | lra]. }
  destruct Hupper as [N1 H1]; destruct Hlower as [N2 H2].
  exists (N1 + N2)%nat; intros N HN.
  apply Rabs_lt_between.
  pose proof (H1 N ltac:(lia)); pose proof (H2 N ltac:(lia)); lra.
Qed.

End Convergence.
