(** * Wrong on purpose: B3 for every alpha below 1

    This claims that the printed budget is 2 for every alpha in (0, 1), not only in
    (0, 1/2).  The proof is the one of [B3_printed_budget_is_2] in [B3.v].

    coqc must refuse it: "Cannot find witness", at the [lra] that
    closes [Hratio].  The goal that remains is [0 < alpha < 1/2], to be had from
    [0 < alpha < 1].  (With alpha = 0.9 and [Phi(MK/sigma)] near 1/2 the ratio is
    above 6.)

    It is not merely unproved: see [B3_alpha_below_1_is_false] in [Refutations.v]. *)

Require Import Reals Lra.
From RSTheory Require Import Setting B3.
Open Scope R_scope.

Theorem B3_alpha_below_1 (Phi : R -> R) (alpha M K sigma : R) :
  strictly_increasing Phi -> valued_in_01 Phi -> Phi 0 = 1/2 ->
  0 < M -> 0 < K -> 0 < sigma ->
  0 < alpha < 1 -> printed_budget Phi alpha M K sigma = 2%Z.
Proof.
  intros Hincr H01 H0 HM HK Hsigma Halpha.
  assert (Hratio : 0 < ln (Phi (M * K / sigma)) / ln alpha < 1).
  { apply printed_ratio_in_01; trivial; lra. }
  unfold printed_budget.
  rewrite ceil_is_1; [reflexivity | lra].
Qed.
