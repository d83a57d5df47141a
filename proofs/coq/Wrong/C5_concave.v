(** * Wrong on purpose: C5 for a concave function

    This claims that moving two samples apart raises the sum of a function that is
    concave, [- r] convex, where it lowers it.  The proof is the one of the
    transfer step of [spread_raises_sum] in [C5.v].

    coqc must refuse it: "Cannot find witness", at the last [lra].
    The goal that remains is [r p + r q <= r (p - d) + r (q + d)] (and a common
    tail), to be had from the opposite inequality.

    It is not merely unproved: see [C5_concave_is_false] in [Refutations.v]. *)

Require Import Reals Lra List.
From RSTheory Require Import Setting Convexity C5.
Import ListNotations.
Open Scope R_scope.

Theorem C5_concave (r : R -> R) (p q d : R) (l : list R) :
  convex_on in_01 (fun x => - r x) ->
  p <= q -> 0 <= d -> Forall in_01 ((p - d) :: (q + d) :: l) ->
  sum (map r (p :: q :: l)) <= sum (map r ((p - d) :: (q + d) :: l)).
Proof.
  intros Hconcave Hpq Hd Hin.
  inversion_clear Hin as [| ? ? Hp Hrest].
  inversion_clear Hrest as [| ? ? Hq _].
  pose proof (convex_apart in_01 (fun x => - r x) p q d Hconcave Hp Hq Hpq Hd).
  simpl; lra.
Qed.
