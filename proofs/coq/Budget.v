(** * Budget: C5, D3 and the certified radius at an actual budget

    Statement.  Fix the noise level [sigma > 0] and a budget (N, alpha), let [L] be
    the Clopper-Pearson bound and [Phi] the Gaussian.  The radius certified from [k]
    successes is [sigma Phi^-1 (L k)] if [L k > 1/2], and 0 otherwise; [r_N p] is its
    expected value for a sample with label probability [p].  Then
    - [r_N] does not decrease in [p];
    - D3, at every budget: if the survival function of model A is nowhere below that
      of model B, then A has at least B's expected ACR;
    - C5, at every budget whose radii have non-decreasing increments (C4): every
      mean-preserving spread of the label probabilities raises or keeps the expected
      ACR.

    Only the last has a hypothesis, C4's.

    Idea.  The bound does not decrease in [k], nor does the radius, so the radius is a
    non-decreasing utility; then D3 and C5 in their general form. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List.
From RSTheory Require Import
  Setting Convexity Gaussian A1 A2_A3 B1_B2 BinomialLaw C1 C2_C4 C5 D2_D3.
Open Scope R_scope.

Section Budget.

Variables (sigma alpha : R) (N : nat) (L : nat -> R).
Hypothesis sigma_positive : 0 < sigma.
Hypothesis alpha_01 : 0 < alpha < 1.
Hypothesis L_bound : clopper_pearson N alpha L.

(** The radius from [k] successes, and its expected value. *)
Definition count_radius (k : nat) : R := certified_radius sigma (L k).

Definition expected_radius (p : R) : R := expected N count_radius p.

(** ** The bounds are below 1 *)

Lemma bound_below_full (k : nat) : (k <= N)%nat -> L k <= L N.
Proof.
  intros Hk.
  assert (Hsteps : forall d, (k + d <= N)%nat -> L k <= L (k + d)%nat).
  { induction d as [| d IH]; intros Hd.
    - rewrite Nat.add_0_r; lra.
    - apply Rle_trans with (L (k + d)%nat); [apply IH; lia |].
      replace (k + S d)%nat with (S (k + d)) by lia.
      apply (C1_non_decreasing N alpha L L_bound); lia. }
  pose proof (Hsteps (N - k)%nat ltac:(lia)) as Hall.
  now replace (k + (N - k))%nat with N in Hall by lia.
Qed.

Lemma bound_below_1 (k : nat) : (k <= N)%nat -> 0 <= L k < 1.
Proof.
  intros Hk.
  pose proof (bound_in_01 N alpha L L_bound k Hk) as [H0 _].
  split; [exact H0 |].
  apply Rle_lt_trans with (1 := bound_below_full k Hk).
  destruct (Nat.eq_dec N 0) as [HN | HN].
  - destruct L_bound as [Hzero _]; rewrite HN, Hzero; lra.
  - rewrite (C1_full_bound N alpha L alpha_01 L_bound) by lia.
    apply (full_bound_in_01 alpha alpha_01); lia.
Qed.

(** ** The radius does not decrease *)

Lemma certified_radius_non_decreasing (p q : R) :
  0 <= p -> p <= q -> q < 1 -> certified_radius sigma p <= certified_radius sigma q.
Proof.
  intros Hp Hpq Hq; rewrite !certified_radius_clipped; unfold Radius.
  apply Rmult_le_compat_l; [lra |].
  apply Q_non_decreasing.
  - pose proof (Rmax_r p (1/2)); lra.
  - apply Rle_max_compat_r, Hpq.
  - apply Rmax_lub_lt; lra.
Qed.

Lemma certified_radius_nonneg (p : R) : p < 1 -> 0 <= certified_radius sigma p.
Proof.
  intros Hp; unfold certified_radius, Radius.
  destruct (Rlt_dec (1/2) p); [| lra].
  apply Rmult_le_pos; [lra | apply Q_nonnegative; lra].
Qed.

Lemma count_radius_non_decreasing (k : nat) :
  (k < N)%nat -> count_radius k <= count_radius (S k).
Proof.
  intros Hk; unfold count_radius.
  apply certified_radius_non_decreasing.
  - apply bound_below_1; lia.
  - now apply (C1_non_decreasing N alpha L L_bound).
  - apply bound_below_1; lia.
Qed.

(** At every budget the expected radius does not decrease in [p]. *)
Theorem expected_radius_non_decreasing (p q : R) :
  in_01 p -> in_01 q -> p <= q -> expected_radius p <= expected_radius q.
Proof. apply expected_non_decreasing, count_radius_non_decreasing. Qed.

(** At [p = 1] it is the radius of the full bound, as for the constant classifier. *)
Theorem expected_radius_at_1 :
  (0 < N)%nat ->
  expected_radius 1 = radius sigma (full_bound alpha N) (Q (full_bound alpha N)).
Proof.
  intros HN; unfold expected_radius; rewrite expected_at_1.
  unfold count_radius, certified_radius, radius, Radius.
  now rewrite (C1_full_bound N alpha L alpha_01 L_bound HN).
Qed.

(** ** D3 at a budget *)

Definition clip (p : R) : R := Rmax 0 (Rmin p 1).

Lemma clip_in_01 (p : R) : in_01 (clip p).
Proof.
  unfold clip, in_01; split; [apply Rmax_l |].
  apply Rmax_lub; [lra | apply Rmin_r].
Qed.

Lemma clip_id (p : R) : in_01 p -> clip p = p.
Proof.
  unfold in_01, clip; intros Hp.
  rewrite Rmin_left, Rmax_right; lra.
Qed.

(** If the survival function of A is nowhere below that of B, then at every [sigma], [N]
    and [alpha] A has at least B's expected ACR. *)
Theorem D3_at_budget (A B : law) :
  is_law A -> is_law B ->
  Forall (fun wx => in_01 (snd wx)) A -> Forall (fun wx => in_01 (snd wx)) B ->
  (forall v, survival B v <= survival A v) ->
  expect expected_radius B <= expect expected_radius A.
Proof.
  intros HA HB HAv HBv Hdominates.
  assert (Hclip : forall l : law, Forall (fun wx => in_01 (snd wx)) l ->
            expect expected_radius l = expect (fun p => expected_radius (clip p)) l).
  { intros l Hl; apply expect_ext; intros p Hin.
    apply in_map_iff in Hin as [[w p'] [Heq Hin]]; simpl in Heq; subst p'.
    rewrite clip_id; [reflexivity |].
    exact (proj1 (Forall_forall _ l) Hl (w, p) Hin). }
  rewrite (Hclip A HAv), (Hclip B HBv).
  apply (D3_dominance_gives_utility A B HA HB Hdominates).
  intros p q Hpq.
  apply expected_radius_non_decreasing; try apply clip_in_01.
  unfold clip; apply Rle_max_compat_l, Rle_min_compat_r, Hpq.
Qed.

(** ** C5 at a budget *)

Hypothesis C4_increments : increments_non_decreasing N count_radius.

(** At a budget whose radii have non-decreasing increments (C4), every spread raises or
    keeps the expected ACR. *)
Theorem C5_transfers_at_budget (l l' : list R) :
  spread l l' -> Forall in_01 l' ->
  mean (map expected_radius l) <= mean (map expected_radius l').
Proof. apply C5_transfers, C4_convex, C4_increments. Qed.

(** So does replacing each label probability by a law of which it is the mean. *)
Theorem C5_splitting_at_budget (samples : list law) :
  Forall is_law samples ->
  Forall (Forall (fun wx => in_01 (snd wx))) samples ->
  mean (map expected_radius (map moment samples))
  <= mean (map (expect expected_radius) samples).
Proof. apply C5_splitting, C4_convex, C4_increments. Qed.

End Budget.
