(** * A5, the upper half: the Gaussian tail, and the radius near p = 1

    Statement.  For [x >= 0], [1 - Phi x <= (2 / pi) exp (- x^2 / 2)].  Hence, for every
    0 < t <= 1/2, [R (1 - t) <= sigma sqrt (2 ln (2 / (pi t)))]: the radius grows no
    faster than the root of the logarithm of the remaining error.

    Not here: the lower bound of A5.

    Idea.  The conserved quantity of [Gaussian.v] says [Phi (1 - Phi) = J / pi], and
    [J x <= exp (- x^2 / 2)]; and [Phi >= 1/2]. *)

Require Import Reals Lra.
From RSTheory Require Import Setting Gaussian A1.
Open Scope R_scope.

Lemma Phi_times_tail (x : R) : Phi x * (1 - Phi x) = J x / PI.
Proof.
  pose proof PI_RGT_0.
  assert (Hsqrt : sqrt (2 * PI) * sqrt (2 * PI) = 2 * PI) by (apply sqrt_sqrt; lra).
  pose proof sqrt_2PI_positive.
  assert (Hsquare : (I x / sqrt (2 * PI)) ^ 2 = I x ^ 2 / (2 * PI)).
  { transitivity (I x ^ 2 / (sqrt (2 * PI) * sqrt (2 * PI))); [field; lra |].
    now rewrite Hsqrt. }
  unfold Phi; rewrite RInt_phi.
  replace ((1/2 + I x / sqrt (2 * PI)) * (1 - (1/2 + I x / sqrt (2 * PI))))
    with (1/4 - (I x / sqrt (2 * PI)) ^ 2) by field.
  rewrite Hsquare, I_squared; field; lra.
Qed.

Theorem A5_tail (x : R) : 0 <= x -> 1 - Phi x <= 2 / PI * exp (- (x ^ 2 / 2)).
Proof.
  intros Hx.
  pose proof PI_RGT_0.
  pose proof (Phi_times_tail x) as Hproduct.
  pose proof (J_bounds x) as [_ HJ]; unfold gauss in HJ.
  assert (Hhalf : 1/2 <= Phi x).
  { rewrite <- Phi_0; destruct Hx as [Hx | <-]; [| lra].
    now apply Rlt_le, Phi_increasing. }
  pose proof (Phi_below_1 x).
  assert (Hle : J x / PI <= exp (- (x ^ 2 / 2)) / PI).
  { apply Rmult_le_compat_r; [now apply Rlt_le, Rinv_0_lt_compat | exact HJ]. }
  replace (2 / PI * exp (- (x ^ 2 / 2))) with (2 * (exp (- (x ^ 2 / 2)) / PI))
    by (field; lra).
  nra.
Qed.

Theorem A5_upper (sigma t : R) :
  0 < sigma -> 0 < t <= 1/2 ->
  Radius sigma (1 - t) <= sigma * sqrt (2 * ln (2 / (PI * t))).
Proof.
  intros Hsigma Ht.
  pose proof PI_RGT_0.
  apply Rmult_le_compat_l; [lra |].
  assert (Hz : 0 <= Q (1 - t)) by (apply Q_nonnegative; lra).
  pose proof (A5_tail (Q (1 - t)) Hz) as Htail.
  rewrite Phi_Q in Htail by lra.
  set (z := Q (1 - t)) in *.
  (* exp (z^2 / 2) <= 2 / (pi t) *)
  assert (Hexp : exp (z ^ 2 / 2) <= 2 / (PI * t)).
  { rewrite exp_Ropp in Htail.
    pose proof (exp_pos (z ^ 2 / 2)) as He.
    apply (Rmult_le_compat_r (exp (z ^ 2 / 2) / t)) in Htail.
    - replace ((1 - (1 - t)) * (exp (z ^ 2 / 2) / t)) with (exp (z ^ 2 / 2)) in Htail
        by (field; lra).
      replace (2 / PI * / exp (z ^ 2 / 2) * (exp (z ^ 2 / 2) / t)) with (2 / (PI * t))
        in Htail by (field; lra).
      exact Htail.
    - apply Rlt_le, Rdiv_lt_0_compat; lra. }
  assert (Hln : z ^ 2 / 2 <= ln (2 / (PI * t))).
  { rewrite <- (ln_exp (z ^ 2 / 2)).
    destruct Hexp as [Hlt | ->]; [| lra].
    apply Rlt_le, ln_increasing; [apply exp_pos | exact Hlt]. }
  rewrite <- (sqrt_pow2 z Hz).
  apply sqrt_le_1_alt; lra.
Qed.
