(** * C7: a smaller budget from the log of a larger one, exactly

    Statement.  A run with budget [N] has count [K] ~ Bin(N, p).  Choose [n] of its [N]
    draws at random: the count among them is hypergeometric given [K], and without
    looking at [K] it is Bin(n, p).  So the conditional expectation of any [g] of the
    count, computed from the log, has exactly the expected value that a fresh run with
    budget [n] has.

    Sampling without replacement is described by leaving out one draw at a time: of
    [N + 1] draws with [k] successes, the one left out is a success with probability
    [k / (N + 1)].

    Idea.  Bin(N+1, p) weighted by [k] is [(N+1) p] times Bin(N, p) moved up by one, and
    weighted by [N + 1 - k] it is [(N+1) (1-p)] times Bin(N, p). *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia.
From RSTheory Require Import Setting BinomialLaw.
Open Scope R_scope.

(** The expected value of [g] after one of [N + 1] draws, [k] of them successes, is left
    out at random. *)
Definition leave_one_out (N : nat) (g : nat -> R) (k : nat) : R :=
  (INR k * g (k - 1)%nat + (INR (S N) - INR k) * g k) / INR (S N).

(** The same after leaving out [m] of [n + m] draws, one at a time. *)
Fixpoint subsample (n m : nat) (g : nat -> R) : nat -> R :=
  match m with
  | O => g
  | S m' => leave_one_out (n + m') (subsample n m' g)
  end.

Lemma weighted_by_count (N : nat) (h : nat -> R) (p : R) :
  expected (S N) (fun k => INR k * h (k - 1)%nat) p = INR (S N) * p * expected N h p.
Proof.
  revert h; induction N as [| N IH]; intros h; [simpl; ring |].
  change (expected (S (S N)) (fun k => INR k * h (k - 1)%nat) p)
    with ((1 - p) * expected (S N) (fun k => INR k * h (k - 1)%nat) p
          + p * expected (S N) (fun k => INR (S k) * h (S k - 1)%nat) p).
  rewrite (expected_ext (S N) (fun k => INR (S k) * h (S k - 1)%nat)
             (fun k => h k + INR k * h (S (k - 1)))).
  - rewrite expected_plus, (IH h), (IH (fun j => h (S j))), (S_INR (S N)).
    simpl expected; ring.
  - intros [| k] _.
    + simpl; ring.
    + rewrite (S_INR (S k)); simpl Nat.sub; rewrite Nat.sub_0_r; ring.
Qed.

Theorem C7_leave_one_out (N : nat) (g : nat -> R) (p : R) :
  expected (S N) (leave_one_out N g) p = expected N g p.
Proof.
  assert (HN : 0 < INR (S N)) by (apply lt_0_INR; lia).
  (* E[K g(K-1)] and E[K g(K)], the latter with h j = g (j + 1) *)
  pose proof (weighted_by_count N g p) as Hdown.
  pose proof (weighted_by_count N (fun j => g (S j)) p) as Hstay.
  rewrite (expected_ext (S N) (fun k => INR k * g (S (k - 1))) (fun k => INR k * g k))
    in Hstay.
  2: { intros [| k] _; [simpl; ring | now replace (S (S k - 1)) with (S k) by lia]. }
  rewrite (expected_ext (S N) (leave_one_out N g)
    (fun k => / INR (S N) * (INR k * g (k - 1)%nat)
              + (g k + - / INR (S N) * (INR k * g k)))).
  - rewrite !expected_plus, !expected_scal, Hdown, Hstay.
    simpl expected; field; lra.
  - intros k _; unfold leave_one_out; field; lra.
Qed.

Theorem C7 (n m : nat) (g : nat -> R) (p : R) :
  expected (n + m) (subsample n m g) p = expected n g p.
Proof.
  induction m as [| m IH]; simpl subsample.
  - now rewrite Nat.add_0_r.
  - replace (n + S m)%nat with (S (n + m)) by lia.
    now rewrite C7_leave_one_out.
Qed.
