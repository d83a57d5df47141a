(** * Wrong on purpose: C7 for a run that stopped by its counts

    This claims that [n] draws chosen at random from those of a stopped run have the
    binomial count of a fresh run of [n] draws.  The proof is the one of [C7_of_runs] in
    [C7.v], for runs of [N] draws.

    coqc must refuse it: "Found no subterm matching", at the last [rewrite].  The length of
    the stopped run is not [N]: it depends on the outcomes, and tells of them.

    It is not merely unproved: see [C7_on_a_stopped_run_is_false] in
    [Refutations_anytime.v]. *)

Require Import Reals Lra List.
From RSTheory Require Import Setting BinomialLaw Paths Hypergeometric C7.
Open Scope R_scope.

Theorem C7_stopped (N n : nat) (T : list bool -> nat) (g : nat -> R) (p : R) :
  (forall w, (n <= T w <= N)%nat) ->
  over_paths N (fun w => average_over_choices n g (firstn (T w) w)) p = expected n g p.
Proof.
  intros HT.
  assert (Hn : (n <= N)%nat) by (destruct (HT nil); eapply Nat.le_trans; eassumption).
  rewrite <- (C7 N n g p Hn), <- over_paths_of_count.
  apply over_paths_ext; intros w Hw.
  rewrite choices_are_hypergeometric.
  now rewrite Hw.
Qed.
