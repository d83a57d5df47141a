(** * Refutations: the statements of the folder [Wrong/] are false

    Statement.  The folder [Wrong/] holds statements that look like ours and that coqc
    must refuse.  Here each is not merely unproved but disproved, for the Gaussian:
    - B2 with the reciprocal ratio (the paper's first version);
    - B3 for every alpha below 1;
    - C5 for concave functions;
    - A3 below 1/2;
    - D3 for utilities that may decrease;
    - H1 with the derivative checked at the values of the estimate only.

    Idea.  A counterexample each.  For A3: the sensitivity increases on [1/2, 1), so by
    symmetry it decreases below 1/2, which a convex function does not allow. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List ZArith.
From RSTheory Require Import
  Setting Convexity SecondDerivative Gaussian A1 A2_A3 B1_B2 B3 BinomialLaw C5 D2_D3 H.
Import ListNotations.
Open Scope R_scope.

(** [alpha = 1/8], [N = 2]: the full bound is below 1/2, its quantile below [x = 1]. *)
Theorem B2_reciprocal_is_false :
  exists (alpha : R) (N : nat) (z x : R),
    0 < alpha < 1 /\ (0 < N)%nat /\ Phi z = full_bound alpha N /\
    ~ (x < z <-> ln (Phi x) / ln alpha < INR N).
Proof.
  assert (Hbound : 0 < full_bound (1/8) 2 < 1/2).
  { split; [apply exp_pos | apply B3_bound_below_half; lra]. }
  assert (Hz : Phi (Q (full_bound (1/8) 2)) = full_bound (1/8) 2) by (apply Phi_Q; lra).
  exists (1/8), 2%nat, (Q (full_bound (1/8) 2)), 1.
  split; [lra | split; [lia | split; [exact Hz |]]].
  intros Hiff.
  pose proof (printed_ratio_in_01 Phi Phi_increasing Phi_01 Phi_0 (1/8) 1 1 1
                ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra)) as Hratio.
  replace (1 * 1 / 1) with 1 in Hratio by field.
  assert (Hpasses : 1 < Q (full_bound (1/8) 2)) by (apply Hiff; simpl; lra).
  assert (Hneg : Q (full_bound (1/8) 2) < 0) by (apply Phi_reflects; rewrite Hz, Phi_0; lra).
  lra.
Qed.

(** [alpha = 9/10], [Phi M = 3/5]: the printed budget is at least 3. *)
Theorem B3_alpha_below_1_is_false :
  exists alpha M K sigma : R,
    0 < alpha < 1 /\ 0 < M /\ 0 < K /\ 0 < sigma /\
    printed_budget Phi alpha M K sigma <> 2%Z.
Proof.
  exists (9/10), (Q (3/5)), 1, 1.
  repeat split; try lra.
  - apply Q_positive; lra.
  - intros Hbudget; unfold printed_budget in Hbudget.
    replace (Q (3/5) * 1 / 1) with (Q (3/5)) in Hbudget by field.
    rewrite Phi_Q in Hbudget by lra.
    destruct (ceil_spec (ln (3/5) / ln (9/10))) as [Hceil _].
    replace (ceil (ln (3/5) / ln (9/10))) with 1%Z in Hceil by lia.
    assert (Hneg : ln (9/10) < 0) by (apply ln_negative; lra).
    assert (Horder : ln (3/5) < ln (9/10)) by (apply ln_increasing; lra).
    apply (Rmult_le_compat_neg_l (ln (9/10))) in Hceil; [| lra].
    replace (ln (9/10) * (ln (3/5) / ln (9/10))) with (ln (3/5)) in Hceil by (field; lra).
    lra.
Qed.

(** [r p = - p^2], and 1/2, 1/2 moved to 0 and 1. *)
Theorem C5_concave_is_false :
  exists r : R -> R, convex_on in_01 (fun p => - r p) /\
    exists l l', spread l l' /\ Forall in_01 l' /\ ~ mean (map r l) <= mean (map r l').
Proof.
  exists (fun p => - p ^ 2); split.
  - intros x y t _ _ Ht.
    pose proof (pow2_ge_0 (x - y)).
    assert (0 <= t * (1 - t) * (x - y) ^ 2) by (apply Rmult_le_pos; nra).
    nra.
  - exists [1/2; 1/2], [1/2 - 1/2; 1/2 + 1/2].
    split; [apply spread_transfer; lra |].
    split; [repeat constructor; lra |].
    unfold mean; simpl; lra.
Qed.

(** The sensitivity increases strictly on the upper half. *)
Lemma sensitivity_increasing (p q : R) :
  1/2 <= p -> p < q -> q < 1 -> sensitivity 1 p < sensitivity 1 q.
Proof.
  intros Hp Hpq Hq; unfold sensitivity.
  pose proof sqrt_2PI_positive.
  apply Rmult_lt_compat_l; [lra |].
  apply exp_increasing.
  pose proof (Q_nonnegative p ltac:(lra)).
  pose proof (Q_increasing p q ltac:(lra) Hpq Hq); nra.
Qed.

(** At 1/4, 3/8, 1/2 the chord runs below the graph. *)
Theorem A3_everywhere_is_false : ~ convex_on (fun p => 1/4 <= p < 1) (Radius 1).
Proof.
  intros Hconvex.
  pose proof (Hconvex (1/4) (1/2) (1/2) ltac:(lra) ltac:(lra) ltac:(lra)) as Hchord.
  replace (1/2 * (1/4) + (1 - 1/2) * (1/2)) with (1 - 5/8) in Hchord by field.
  replace (1/4) with (1 - 3/4) in Hchord by field.
  rewrite !A1_odd, A1_half in Hchord by lra.
  (* so Radius (3/4) <= 2 Radius (5/8); the mean value theorem on three intervals *)
  assert (Hinterval : forall x y z, 1/2 <= x < 1 -> 1/2 <= z < 1 -> x <= y <= z ->
            1/2 <= y < 1) by (intros; lra).
  pose proof (mean_value (fun p => 1/2 <= p < 1) Hinterval (Radius 1) (sensitivity 1)) as Hmean.
  assert (Hderive : forall p, 1/2 <= p < 1 -> is_derive (Radius 1) p (sensitivity 1 p))
    by (intros p Hp; apply derive_Radius; lra).
  destruct (Hmean (1/2) (5/8) Hderive) as [c1 [Hc1 H1]]; try lra.
  destruct (Hmean (5/8) (11/16) Hderive) as [c2 [Hc2 H2]]; try lra.
  destruct (Hmean (11/16) (3/4) Hderive) as [c3 [Hc3 H3]]; try lra.
  rewrite A1_half in H1.
  assert (Hweak : forall p q, 1/2 <= p -> p <= q -> q < 1 ->
            sensitivity 1 p <= sensitivity 1 q).
  { intros p q Hp [Hlt | <-] Hq; [| lra].
    now apply Rlt_le, sensitivity_increasing. }
  pose proof (Hweak c1 (5/8) ltac:(lra) ltac:(lra) ltac:(lra)).
  pose proof (Hweak (5/8) c2 ltac:(lra) ltac:(lra) ltac:(lra)).
  pose proof (sensitivity_increasing (5/8) (11/16) ltac:(lra) ltac:(lra) ltac:(lra)).
  pose proof (Hweak (11/16) c3 ltac:(lra) ltac:(lra) ltac:(lra)).
  lra.
Qed.

(** One sample at 1 against one at 0, and the utility [- p]. *)
Theorem D3_any_utility_is_false :
  exists A B : law, is_law A /\ is_law B /\
    (forall v, survival B v <= survival A v) /\
    exists u, ~ expect u B <= expect u A.
Proof.
  exists [(1, 1)], [(1, 0)].
  unfold is_law, survival, expect, step; simpl.
  repeat split; try (repeat constructor; simpl; lra); try ring.
  - intros v; destruct (Rle_dec v 0), (Rle_dec v 1); lra.
  - exists (fun p => - p); lra.
Qed.

(** A law may have derivative at most 0 at its own values and be no optimum.  All counts are
    one success in one draw; all samples at 1/2 against all samples at 1. *)
Theorem H1_optimum_at_values_is_false :
  exists (m : nat) (c : counts) (G H : law),
    is_law G /\ is_law H /\ are_shares c /\ possible m c G /\ possible m c H /\
    Forall (fun wx => in_01 (snd wx)) H /\
    Forall (fun wx => directional_derivative m c G (snd wx) <= 0) G /\
    ~ log_likelihood m c H <= log_likelihood m c G.
Proof.
  exists 1%nat, [(1, 1%nat)], [(1, 1/2)], [(1, 1)].
  unfold is_law, are_shares, possible, directional_derivative, log_likelihood, over_counts,
    count_probability, expect, in_01; simpl.
  repeat split; try (repeat constructor; simpl; lra); try lra.
  replace (1 * ((1 - 1) * 0 + 1 * 1) + 0) with 1 by ring.
  replace (1 * ((1 - 1/2) * 0 + 1/2 * 1) + 0) with (1/2) by field.
  rewrite ln_1; pose proof (ln_increasing (1/2) 1 ltac:(lra) ltac:(lra)) as Hln.
  rewrite ln_1 in Hln; lra.
Qed.
