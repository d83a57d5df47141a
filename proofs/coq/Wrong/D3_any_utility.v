(** * Wrong on purpose: D3 for utilities that need not be monotone

    This claims that a larger survival function raises the mean of every utility.
    The proof applies [D3_dominance_gives_utility] of [D2_D3.v].

    coqc must refuse it: "No such assumption", at the last [assumption].  The goal that
    remains is [non_decreasing u], about which nothing is known: a step down has
    negative height.

    It is not merely unproved: see [D3_any_utility_is_false] in [Refutations.v]. *)

Require Import Reals Lra List.
From RSTheory Require Import Setting D2_D3.
Open Scope R_scope.

Theorem D3_any_utility (A B : law) :
  is_law A -> is_law B ->
  (forall v, survival B v <= survival A v) ->
  forall u, expect u B <= expect u A.
Proof.
  intros HA HB Hdominates u.
  apply D3_dominance_gives_utility; assumption.
Qed.
