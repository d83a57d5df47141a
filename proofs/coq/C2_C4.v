(** * C2 and C4: the expected radius at a budget, its slope and its convexity

    Statement.  Let [g k] be the radius certified from [k] successes in [N] draws
    (any function of the count), and [expected N g p] the expected radius of a sample
    with label probability [p].
    - C2: it is the binomial sum of [g], a polynomial in [p], with slope
      [N] times the expected increment over [N - 1] draws; the slope at [p = 1] is
      [N (g N - g (N-1))].
    - C4, the part that follows: if the increments [g (k+1) - g k] do not decrease in
      [k], then the expected radius is convex on [0, 1], and its slope nowhere exceeds
      the slope at 1.

    What is a hypothesis: that the increments of the certified radius do not decrease.
    That is the first sentence of C4, checked elsewhere for the budgets in use.

    Idea.  The slope of the slope is [N (N-1)] times the expected second increment
    over [N - 2] draws, which is nonnegative. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia Arith.
From RSTheory Require Import Setting Convexity SecondDerivative BinomialLaw.
Open Scope R_scope.

(** ** C2 *)

(** The expected value of [g] of the count is its binomial sum. *)
Theorem C2_sum (N : nat) (g : nat -> R) (p : R) :
  expected N g p
  = sum_f_R0 (fun k => Binomial.C N k * p ^ k * (1 - p) ^ (N - k) * g k) N.
Proof. apply expected_is_binomial_sum. Qed.

(** The slope, for a budget of at least one draw. *)
Definition slope (N : nat) (g : nat -> R) (p : R) : R :=
  INR N * expected (N - 1) (increment g) p.

(** Its derivative in [p] is [N] times the expected increment of [g] over [N - 1] draws.
    *)
Theorem C2_slope (N : nat) (g : nat -> R) (p : R) :
  (0 < N)%nat -> is_derive (expected N g) p (slope N g p).
Proof.
  intros HN; destruct N as [| N]; [lia |].
  unfold slope; simpl Nat.sub; rewrite Nat.sub_0_r; apply derive_expected.
Qed.

(** At [p = 1] that is [N (g N - g (N - 1))]. *)
Theorem C2_slope_at_1 (N : nat) (g : nat -> R) :
  (0 < N)%nat -> slope N g 1 = INR N * (g N - g (N - 1)%nat).
Proof.
  intros HN; unfold slope; rewrite expected_at_1; unfold increment.
  now replace (S (N - 1)) with N by lia.
Qed.

(** ** C4 *)

Definition increments_non_decreasing (N : nat) (g : nat -> R) : Prop :=
  forall k, (S k < N)%nat -> increment g k <= increment g (S k).

(** If the increments of [g] do not decrease, the expected value is convex on [[0, 1]].
    *)
Theorem C4_convex (N : nat) (g : nat -> R) :
  increments_non_decreasing N g -> convex_on in_01 (expected N g).
Proof.
  intros Hincrements.
  destruct N as [| [| N]].
  - (* no draws: a constant *)
    intros x y t _ _ _; simpl; lra.
  - (* one draw: a straight line *)
    intros x y t _ _ _; simpl; right; ring.
  - apply (convex_of_second_derivative in_01 in_01_interval) with
      (f' := slope (S (S N)) g)
      (f'' := fun p => INR (S (S N)) *
                       (INR (S N) * expected N (increment (increment g)) p)).
    + intros p _; apply C2_slope; lia.
    + intros p _; unfold slope; simpl Nat.sub.
      apply (is_derive_scal (expected (S N) (increment g)) p (INR (S (S N)))).
      apply derive_expected.
    + intros p Hp; repeat apply Rmult_le_pos; try apply pos_INR.
      rewrite <- (expected_const N 0 p).
      apply expected_le; [exact Hp |].
      intros k Hk; pose proof (Hincrements k ltac:(lia)).
      unfold increment at 1; lra.
Qed.

(** Then its slope is largest at [p = 1]. *)
Theorem C4_largest_slope_at_1 (N : nat) (g : nat -> R) (p : R) :
  (0 < N)%nat -> increments_non_decreasing N g -> in_01 p ->
  slope N g p <= slope N g 1.
Proof.
  intros HN Hincrements Hp.
  apply Rmult_le_compat_l; [apply pos_INR |].
  apply expected_non_decreasing; [| exact Hp | unfold in_01; lra | apply Hp].
  intros k Hk; apply Hincrements; lia.
Qed.
