(** * A1: the radius function

    Statement.  [R p = sigma Q p], with [Q] the standard normal quantile, is
    strictly increasing on (0, 1), [R (1/2) = 0], [R (1 - p) = - R p], and [R]
    tends to infinity at 1.

    Idea.  Each is the property of [Phi] of the same shape, read backwards. *)

Require Import Reals Lra.
From RSTheory Require Import Setting Gaussian.
Open Scope R_scope.

Theorem Q_increasing (p p' : R) : 0 < p -> p < p' -> p' < 1 -> Q p < Q p'.
Proof.
  intros H0 Hlt H1.
  apply Phi_reflects; rewrite !Phi_Q; lra.
Qed.

Corollary Q_non_decreasing (p p' : R) : 0 < p -> p <= p' -> p' < 1 -> Q p <= Q p'.
Proof.
  intros H0 [Hlt | <-] H1; [| lra].
  now apply Rlt_le, Q_increasing.
Qed.

Theorem Q_half : Q (1/2) = 0.
Proof. rewrite <- Phi_0; apply Q_Phi. Qed.

Theorem Q_opp (p : R) : 0 < p < 1 -> Q (1 - p) = - Q p.
Proof.
  intros Hp.
  apply Phi_injective.
  rewrite Phi_opp, !Phi_Q; lra.
Qed.

Corollary Q_positive (p : R) : 1/2 < p < 1 -> 0 < Q p.
Proof. intros Hp; rewrite <- Q_half; apply Q_increasing; lra. Qed.

Corollary Q_nonnegative (p : R) : 1/2 <= p < 1 -> 0 <= Q p.
Proof. intros Hp; rewrite <- Q_half; apply Q_non_decreasing; lra. Qed.

Section Radius.

Variable sigma : R.
Hypothesis sigma_positive : 0 < sigma.

Definition Radius (p : R) : R := sigma * Q p.

(** The radius [sigma Q p] is strictly increasing on (0, 1). *)
Theorem A1_increasing (p p' : R) : 0 < p -> p < p' -> p' < 1 -> Radius p < Radius p'.
Proof.
  intros H0 Hlt H1.
  apply Rmult_lt_compat_l; [exact sigma_positive | now apply Q_increasing].
Qed.

(** It is 0 at [p = 1/2]. *)
Theorem A1_half : Radius (1/2) = 0.
Proof. unfold Radius; rewrite Q_half; ring. Qed.

(** It is odd about 1/2: [R (1 - p) = - R p]. *)
Theorem A1_odd (p : R) : 0 < p < 1 -> Radius (1 - p) = - Radius p.
Proof. intros Hp; unfold Radius; rewrite Q_opp by exact Hp; ring. Qed.

(** It exceeds every number as [p] approaches 1. *)
Theorem A1_unbounded (M : R) :
  exists p0, 0 < p0 < 1 /\ forall p, p0 < p < 1 -> M < Radius p.
Proof.
  exists (Phi (M / sigma)); split; [apply Phi_01 |].
  intros p Hp.
  pose proof (Phi_01 (M / sigma)) as Hp0.
  assert (Hquantile : M / sigma < Q p).
  { rewrite <- (Q_Phi (M / sigma)); apply Q_increasing; lra. }
  apply (Rmult_lt_compat_l sigma) in Hquantile; [| exact sigma_positive].
  replace (sigma * (M / sigma)) with M in Hquantile by (field; lra).
  exact Hquantile.
Qed.

End Radius.
