(** * Wrong on purpose: the untruncated mixture tests every p <= q

    This claims that the mixture over all [theta] in [0, 1], the uniform one over all
    angles, is a supermartingale for every [p <= q].  The proof is the one of
    [kt_supermartingale] in [G1_mixture.v], which mixes over [theta >= q] only.

    coqc must refuse it: "Cannot find witness", at the [lra] that closes [Htheta].  The goal
    that remains is [angle q <= s], to be had from [0 < s]: a [theta] below [q] gains
    where [p < q].

    It is not merely unproved: see [untruncated_mixture_is_false] in
    [Refutations_anytime.v]. *)

Require Import Reals Lra.
From RSTheory Require Import Setting Convexity G1 G1_mixture Refutations_anytime.
Open Scope R_scope.

Theorem untruncated_mixture (p q : R) :
  0 < q < 1 -> p <= q -> supermartingale p (kt_untruncated q).
Proof.
  intros Hq Hp; pose proof PI_RGT_0 as Hpi; pose proof (angle_range q Hq) as Ha.
  assert (Htheta : forall s : R, 0 < s < PI/2 -> q <= sin s ^ 2 <= 1).
  { intros s Hs; apply theta_of_angle; [exact Hq | lra]. }
  apply (G1_interval_mixture 0 (PI/2) q (fun _ => / (PI/2)) (fun s => sin s ^ 2));
    trivial; lra.
Qed.
