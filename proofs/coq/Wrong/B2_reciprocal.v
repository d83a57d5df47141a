(** * Wrong on purpose: B2 with the reciprocal ratio

    This claims that the budget passes as soon as [N > ln (Phi x) / ln alpha], the
    ratio of the paper's first version upside down.  The proof is the one of
    [quantile_exceeds_iff] in [B1_B2.v].

    coqc must refuse it: "Cannot find witness", at the first [nra].
    The goal that remains is [ln (Phi x) / ln alpha < INR N], to be had from
    [ln (Phi x) < ln (Phi z)] and [ln (Phi z) * INR N = ln alpha], which bound
    [ln alpha / ln (Phi x)] instead.

    It is not merely unproved: see [B2_reciprocal_is_false] in [Refutations.v]. *)

Require Import Reals Lra.
From RSTheory Require Import Setting B1_B2.
Open Scope R_scope.

Theorem B2_reciprocal (Phi : R -> R) (alpha : R) (N : nat) (z x : R) :
  strictly_increasing Phi -> valued_in_01 Phi -> 0 < alpha < 1 ->
  (0 < N)%nat -> Phi z = full_bound alpha N ->
  (x < z <-> ln (Phi x) / ln alpha < INR N).
Proof.
  intros Phi_increasing Phi_01 alpha_01 HN Hz.
  assert (HNpos : 0 < INR N) by (now apply lt_0_INR).
  pose proof (ln_negative (Phi x) (Phi_01 x)) as Hneg.
  pose proof (ln_negative alpha alpha_01) as Halpha.
  assert (Hlnz : ln (Phi z) * INR N = ln alpha).
  { rewrite Hz; unfold full_bound, Rpower.
    rewrite ln_exp; field; lra. }
  assert (Hratio : ln (Phi x) / ln alpha * ln alpha = ln (Phi x)).
  { field; lra. }
  split; intros H.
  - apply Phi_increasing in H.
    apply ln_increasing in H; [| apply Phi_01].
    nra.
  - apply (increasing_reflects Phi Phi_increasing).
    apply ln_lt_inv; [apply Phi_01 | apply Phi_01 |].
    nra.
Qed.
