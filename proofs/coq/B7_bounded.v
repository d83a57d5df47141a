(** * B7 without hypotheses: below p = 1 the expected radius stays bounded

    Statement.  Take the Gaussian, a noise level [sigma > 0], a confidence level
    [0 < alpha < 1] and the Clopper-Pearson bounds for every budget.  For each
    [p < 1] the expected radius [r_N p] is bounded in [N].  Hence B7 holds for the
    certification procedure itself: the model with the larger share of samples at
    [p = 1] has the larger expected ACR for all large budgets.

    Idea.  Put [c] between [p] and 1, and [c'] between [c] and 1.
    - Counts up to [c N]: their bound is at most [c'] for large [N].  Otherwise
      [alpha = tail N k (L k) >= tail N k c'], while by Chebyshev the latter tends to 1.
    - Counts beyond [c N]: their radius is at most that of the full bound, which grows
      at most linearly in [N]; by Chebyshev their probability is at most of order
      [1 / N]. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List.
From RSTheory Require Import
  Setting Convexity Gaussian A1 A2_A3 A5 B1_B2 B7 BinomialLaw C1 Budget.
Open Scope R_scope.

Section Bounded.

Variables sigma alpha : R.
Hypothesis sigma_positive : 0 < sigma.
Hypothesis alpha_01 : 0 < alpha < 1.

(** ** The full bound: its radius grows at most linearly *)

(** A crude consequence of the Gaussian tail. *)
Lemma Q_at_most_inverse (p : R) : 1/2 <= p < 1 -> Q p <= / (1 - p).
Proof.
  intros Hp.
  pose proof (Q_nonnegative p Hp) as Hz.
  pose proof (A5_tail (Q p) Hz) as Htail.
  rewrite Phi_Q in Htail by lra.
  set (z := Q p) in *.
  assert (Hexp : 1 + z ^ 2 / 2 <= exp (z ^ 2 / 2)) by apply exp_ineq1_le.
  assert (Hz1 : z <= exp (z ^ 2 / 2)) by (pose proof (pow2_ge_0 (z - 1)); nra).
  assert (Hpi : 2 / PI <= 1).
  { pose proof PI2_1; pose proof PI_RGT_0.
    apply (Rmult_le_reg_r PI); [lra |]; field_simplify; lra. }
  rewrite exp_Ropp in Htail.
  assert (He : 0 < / exp (z ^ 2 / 2)) by apply Rinv_0_lt_compat, exp_pos.
  assert (Htail' : 1 - p <= / exp (z ^ 2 / 2)) by nra.
  apply Rle_trans with (1 := Hz1).
  rewrite <- (Rinv_inv (exp (z ^ 2 / 2))).
  apply Rinv_le_contravar; lra.
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

(** The constant of linear growth. *)
Definition growth : R := 1 + / (- ln alpha).

Lemma full_radius_linear (N : nat) :
  (0 < N)%nat -> certified_radius sigma (full_bound alpha N) <= sigma * growth * INR N.
Proof.
  intros HN.
  assert (HN1 : 1 <= INR N) by (apply (le_INR 1); lia).
  pose proof (ln_negative alpha alpha_01) as Ha.
  assert (Hgrowth : 0 < growth).
  { unfold growth; pose proof (Rinv_0_lt_compat (- ln alpha) ltac:(lra)); lra. }
  unfold certified_radius, Radius; rewrite Rmult_assoc.
  destruct (Rlt_dec (1/2) (full_bound alpha N)) as [Hhalf | _].
  - apply Rmult_le_compat_l; [lra |].
    pose proof (full_bound_in_01 alpha alpha_01 N HN).
    apply Rle_trans with (/ (1 - full_bound alpha N)); [apply Q_at_most_inverse; lra |].
    pose proof (full_bound_gap N HN) as Hgap.
    apply Rle_trans with (/ (- ln alpha / (INR N - ln alpha))).
    + apply Rinv_le_contravar; [apply Rdiv_lt_0_compat; lra | exact Hgap].
    + replace (/ (- ln alpha / (INR N - ln alpha))) with (1 + INR N * / (- ln alpha))
        by (field; lra).
      unfold growth; lra.
  - repeat apply Rmult_le_pos; lra.
Qed.

(** ** A fixed label probability below 1 *)

Variable L : nat -> nat -> R.
Hypothesis L_bound : forall N, clopper_pearson N alpha (L N).

Variable p : R.
Hypothesis p_below_1 : 0 <= p < 1.

Let c : R := (p + 1) / 2.
Let c' : R := (p + 3) / 4.
Let d : R := (1 - p) / 4.

Lemma d_positive : 0 < d.
Proof. unfold d; lra. Qed.

Lemma in_01_p : in_01 p.
Proof. unfold in_01; lra. Qed.

Lemma in_01_c' : in_01 c'.
Proof. unfold in_01, c'; lra. Qed.

(** Counts up to [c N] have bounds up to [c']. *)
Lemma low_counts (N k : nat) :
  (0 < N)%nat -> / (INR N * d ^ 2) < 1 - alpha ->
  (k <= N)%nat -> INR k <= c * INR N -> L N k <= c'.
Proof.
  intros HN Hlarge Hk Hlow.
  destruct (L_bound N) as [Hzero Hpos].
  destruct (Nat.eq_dec k 0) as [-> | Hk0]; [rewrite Hzero; apply in_01_c' |].
  destruct (Hpos k ltac:(lia)) as [Hin Htail].
  destruct (Rle_lt_dec (L N k) c') as [Hle | Hgt]; [exact Hle | exfalso].
  pose proof (tail_non_decreasing N k c' (L N k) in_01_c' Hin ltac:(lra)) as Hmonotone.
  (* fewer than k successes at c' is a deviation of at least N d *)
  assert (Hdeviation : expected N (fun j => 1 + -1 * at_least k j) c'
                       <= expected N (far N c' d) c').
  { apply expected_le; [apply in_01_c' |].
    intros j Hj; unfold at_least, far.
    destruct (le_dec k j) as [_ | Hjk];
      destruct (Rle_dec (INR N * d) (Rabs (INR j - INR N * c'))) as [_ | Hnear]; try lra.
    exfalso; apply Hnear.
    assert (Hj' : INR j <= INR k) by (apply le_INR; lia).
    rewrite Rabs_left1; unfold c', c, d in *; pose proof (pos_INR N); nra. }
  rewrite expected_plus, expected_const, expected_scal in Hdeviation.
  pose proof (chebyshev N c' d HN in_01_c' d_positive).
  unfold tail in *; lra.
Qed.

(** Every radius is at most a constant, plus the full radius on large deviations. *)
Lemma radius_split (N k : nat) :
  (0 < N)%nat -> / (INR N * d ^ 2) < 1 - alpha -> (k <= N)%nat ->
  count_radius sigma (L N) k
  <= certified_radius sigma c'
     + certified_radius sigma (full_bound alpha N) * far N p d k.
Proof.
  intros HN Hlarge Hk; unfold count_radius.
  pose proof (full_bound_in_01 alpha alpha_01 N HN) as Hfull.
  pose proof (bound_below_1 alpha N (L N) alpha_01 (L_bound N) k Hk) as HLk.
  assert (Hc' : 0 <= certified_radius sigma c').
  { apply certified_radius_nonneg; [exact sigma_positive | unfold c'; lra]. }
  assert (Hfull0 : 0 <= certified_radius sigma (full_bound alpha N)).
  { apply certified_radius_nonneg; [exact sigma_positive | apply Hfull]. }
  unfold far; destruct (Rle_lt_dec (INR k) (c * INR N)) as [Hlow | Hhigh].
  - apply Rle_trans with (certified_radius sigma c').
    + apply certified_radius_non_decreasing; trivial; [lra | | unfold c'; lra].
      now apply low_counts.
    + destruct (Rle_dec (INR N * d) (Rabs (INR k - INR N * p))); lra.
  - destruct (Rle_dec (INR N * d) (Rabs (INR k - INR N * p))) as [_ | Hnear].
    + apply Rle_trans with (certified_radius sigma (full_bound alpha N)); [| lra].
      rewrite <- (C1_full_bound N alpha (L N) alpha_01 (L_bound N) HN).
      apply certified_radius_non_decreasing; trivial; [lra | |].
      * now apply (bound_below_full alpha N (L N) (L_bound N)).
      * rewrite (C1_full_bound N alpha (L N) alpha_01 (L_bound N) HN); lra.
    + exfalso; apply Hnear.
      rewrite Rabs_right; unfold c, d in *; pose proof (pos_INR N); nra.
Qed.

Theorem expected_radius_bounded :
  exists C, eventually
    (fun N => Rabs (expected_radius sigma N (L N) p) <= C).
Proof.
  pose proof d_positive as Hd.
  assert (Hd2 : 0 < d ^ 2) by (now apply pow_lt).
  destruct (INR_unbounded (/ ((1 - alpha) * d ^ 2))) as [N0 HN0].
  exists (certified_radius sigma c' + sigma * growth * / d ^ 2).
  exists (S N0); intros N HN.
  assert (HNpos : (0 < N)%nat) by lia.
  assert (HNR : 0 < INR N) by (now apply lt_0_INR).
  assert (Hlarge : / (INR N * d ^ 2) < 1 - alpha).
  { assert (HNN : INR N0 <= INR N) by (apply le_INR; lia).
    apply (Rmult_lt_reg_l (INR N * d ^ 2)); [now apply Rmult_lt_0_compat |].
    rewrite Rinv_r by (apply Rgt_not_eq; now apply Rmult_lt_0_compat).
    apply (Rmult_lt_reg_l (/ ((1 - alpha) * d ^ 2))).
    - apply Rinv_0_lt_compat, Rmult_lt_0_compat; lra.
    - replace (/ ((1 - alpha) * d ^ 2) * (INR N * d ^ 2 * (1 - alpha))) with (INR N)
        by (field; split; lra).
      lra. }
  pose proof (full_bound_in_01 alpha alpha_01 N HNpos) as Hfull.
  (* nonnegative, so the absolute value is the value *)
  rewrite Rabs_right.
  2: { apply Rle_ge; rewrite <- (expected_const N 0 p).
       apply expected_le; [exact in_01_p |].
       intros k Hk; apply certified_radius_nonneg; [exact sigma_positive |].
       now apply (bound_below_1 alpha N (L N) alpha_01 (L_bound N)). }
  apply Rle_trans with
    (expected N (fun k => certified_radius sigma c'
       + certified_radius sigma (full_bound alpha N) * far N p d k) p).
  { apply expected_le; [exact in_01_p |].
    intros k Hk; now apply radius_split. }
  rewrite expected_plus, expected_const, expected_scal.
  apply Rplus_le_compat_l.
  (* the linear growth against the 1 / N of Chebyshev *)
  apply Rle_trans with (sigma * growth * INR N * / (INR N * d ^ 2)).
  - apply Rmult_le_compat.
    + apply certified_radius_nonneg; [exact sigma_positive | apply Hfull].
    + rewrite <- (expected_const N 0 p).
      apply expected_le; [exact in_01_p |].
      intros k _; unfold far.
      destruct (Rle_dec (INR N * d) (Rabs (INR k - INR N * p))); lra.
    + now apply full_radius_linear.
    + apply chebyshev; trivial; apply in_01_p.
  - right; field; split; lra.
Qed.

End Bounded.

(** ** B7 for the certification procedure itself *)

Theorem B7_certification (sigma alpha : R) (L : nat -> nat -> R) (A B : law) :
  0 < sigma -> 0 < alpha < 1 -> (forall N, clopper_pearson N alpha (L N)) ->
  Forall (fun wx => in_01 (snd wx)) A -> Forall (fun wx => in_01 (snd wx)) B ->
  share_at_one B < share_at_one A ->
  eventually (fun N => expect (expected_radius sigma N (L N)) B
                       < expect (expected_radius sigma N (L N)) A).
Proof.
  intros Hsigma Halpha HL HA HB Hmore.
  apply (B7_full_bound Phi Phi_increasing Phi_01 Phi_0 alpha sigma
           (fun N => Q (full_bound alpha N))); trivial.
  - intros N HN; apply Phi_Q, full_bound_in_01; trivial.
  - intros p Hp; now apply expected_radius_bounded with alpha.
  - intros N HN; now apply expected_radius_at_1.
Qed.
