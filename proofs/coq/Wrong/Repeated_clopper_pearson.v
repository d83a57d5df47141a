(** * Wrong on purpose: Clopper-Pearson bounds at level alpha each, one after every draw

    This claims that the bounds hold at all times at once because each holds at its own.
    The proof is the one of [G2] in [G1.v] with [C1] in the place of Ville's inequality.

    coqc must refuse it: "Unable to unify", at [apply C1].  What remains is the
    probability that some bound exceeds [p]; C1 speaks of one bound, after a number of
    draws that is fixed beforehand.

    It is not merely unproved: see [repeated_clopper_pearson_is_false] in
    [Refutations_anytime.v]. *)

Require Import Reals Lra.
From RSTheory Require Import Setting Convexity BinomialLaw Paths C1 G1 Refutations_anytime.
Open Scope R_scope.

Theorem repeated_clopper_pearson (p alpha : R) (L : nat -> nat -> R) (N : nat) :
  0 < p < 1 -> 0 < alpha < 1 -> (forall n, clopper_pearson n alpha (L n)) ->
  over_paths N (fun w => indicator (ever (some_exceeds p L) 0 0 w)) p <= alpha.
Proof.
  intros Hp Halpha HL.
  assert (Hp01 : in_01 p) by (unfold in_01; lra).
  apply C1 with (1 := Halpha) (2 := HL N) (p := p); exact Hp01.
Qed.
