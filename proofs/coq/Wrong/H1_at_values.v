(** * Wrong on purpose: an optimum proved where the estimate has its values only

    This claims that [G] is an optimum if the directional derivative is at most 0 at the
    values of [G] instead of at every [p] in [0, 1].  The proof is the one of [H1_optimum] in
    [H.v].

    coqc must refuse it: "No such assumption", at the last [assumption].  The goal that
    remains is the derivative at any [p]: of the values of another law nothing is known.

    It is not merely unproved: see [H1_optimum_at_values_is_false] in [Refutations.v]. *)

Require Import Reals Lra List.
From RSTheory Require Import Setting Convexity BinomialLaw H.
Open Scope R_scope.

Theorem H1_at_values (m : nat) (c : counts) (G H : law) :
  is_law G -> is_law H -> are_shares c -> possible m c G -> possible m c H ->
  Forall (fun wx => in_01 (snd wx)) H ->
  Forall (fun wx => directional_derivative m c G (snd wx) <= 0) G ->
  log_likelihood m c H <= log_likelihood m c G.
Proof.
  intros HG HH Hc HpG HpH HHv HD.
  apply H1_optimum; assumption.
Qed.
