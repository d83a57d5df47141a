(** * Wrong on purpose: the first class chosen from the estimation draws

    This claims that the lower bound of the class with the most estimation draws is sound
    although those draws choose the class.  (For the runner-up, whose bound is an upper
    one, that is so: [C12_runner_up].)  The proof is the one of [two_errors] in [C12.v].

    coqc must refuse it: "Unable to unify", at the last [apply].  [Hfixed] speaks of a class
    that does not depend on the draws; here it is another class for every [w].

    It is not merely unproved: see [C12_leader_is_false] in [Refutations_anytime.v]. *)

Require Import Reals Lra.
From RSTheory Require Import Setting Convexity BinomialLaw Paths C1 C12.
Open Scope R_scope.

Theorem C12_leader (M N : nat) (p : nat -> R) (alpha : R) (L : nat -> R)
  (leader : list nat -> nat) :
  class_law M p -> 0 < alpha < 1 -> clopper_pearson N alpha L ->
  (forall w, (leader w <= M)%nat) ->
  (forall w c, length w = N -> (c <= M)%nat ->
     (count_in (only c) w <= count_in (only (leader w)) w)%nat) ->
  over_classes M p N (fun w =>
    if Rlt_dec (p (leader w)) (L (count_in (only (leader w)) w)) then 1 else 0) <= alpha.
Proof.
  intros Hlaw Halpha HL Hleader Hmost.
  assert (Hfixed : forall A, (A <= M)%nat ->
    over_classes M p N (fun w => if Rlt_dec (p A) (L (count_in (only A) w)) then 1 else 0)
    <= alpha).
  { intros A HA.
    rewrite (count_is_binomial M p Hlaw N (only A)
               (fun k => if Rlt_dec (p A) (L k) then 1 else 0)).
    rewrite mass_only by exact HA.
    apply C1 with (1 := Halpha) (2 := HL).
    rewrite <- (mass_only M p A HA); now apply mass_01. }
  apply Hfixed.
Qed.
