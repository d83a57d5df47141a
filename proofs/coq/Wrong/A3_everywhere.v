(** * Wrong on purpose: A3 without the clipping at 1/2

    This claims that [R p = sigma Q p] is convex below 1/2 too, on [1/4, 1).  The proof
    is the one of [A3_convex_upper_half] in [A2_A3.v].

    coqc must refuse it: "Cannot find witness", at the [lra] after
    [Q_nonnegative].  The goal that remains is [1/2 <= p < 1], to be had from
    [1/4 <= p < 1]: below 1/2 the quantile, and so the second derivative, is
    negative.

    It is not merely unproved: see [A3_everywhere_is_false] in [Refutations.v]. *)

Require Import Reals Lra.
From RSTheory Require Import Setting Convexity SecondDerivative Gaussian A1 A2_A3.
Open Scope R_scope.

Theorem A3_everywhere (sigma : R) :
  0 < sigma -> convex_on (fun p => 1/4 <= p < 1) (Radius sigma).
Proof.
  intros Hsigma.
  apply convex_of_second_derivative with
    (f' := sensitivity sigma)
    (f'' := fun p => 2 * PI * sigma * Q p * exp (Q p ^ 2)).
  - intros x y z; lra.
  - intros p Hp; apply derive_Radius; lra.
  - intros p Hp; apply A3; lra.
  - intros p Hp.
    assert (Hcoefficient : 0 < 2 * PI * sigma)
      by (apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat, PI_RGT_0 |]; lra).
    apply Rmult_le_pos; [apply Rmult_le_pos; [lra |] |].
    + apply Q_nonnegative; lra.
    + apply Rlt_le, exp_pos.
Qed.
