(** * A2 and A3: the sensitivity of the radius, and its convexity

    Statement.  Let [R p = sigma Q p] with [Q] the standard normal quantile.  On
    (0, 1)
    - A2: [R' p = sigma / phi (Q p) = sigma sqrt (2 pi) exp (Q p ^2 / 2)], at least
      [sigma sqrt (2 pi)], with equality at [p = 1/2] only; the ratio of two
      sensitivities is [exp ((z1^2 - z2^2) / 2)] (part of A4);
    - A3: [R'' p = 2 pi sigma (Q p) exp (Q p ^2)], so [R] is convex on [1/2, 1), and
      the certified radius, [R p] for [p > 1/2] and 0 otherwise, is convex on
      [0, 1).

    Nothing about the Gaussian is assumed: see [Gaussian.v].

    Idea.  A2: by the mean value theorem for [Phi] the difference quotient of [Q] at
    [p] is [1 / phi c] with [c] between two quantiles that come together.  A3: the
    chain rule; a function whose second derivative is nonnegative is convex
    ([SecondDerivative.v]); and a non-decreasing convex function of the convex
    function [max (p, 1/2)] is convex. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From RSTheory Require Import Setting Convexity SecondDerivative Gaussian A1.
Open Scope R_scope.

(** ** A2: the derivative of the quantile *)

Lemma inverse_density (z : R) : / phi z = sqrt (2 * PI) * exp (z ^ 2 / 2).
Proof.
  unfold phi, gauss.
  rewrite exp_Ropp.
  pose proof (exp_pos (z ^ 2 / 2)); pose proof sqrt_2PI_positive.
  field; lra.
Qed.

(** [1 / phi] is continuous, in the form in which it is used. *)
Lemma inverse_density_close (z eps : R) :
  0 < eps ->
  exists eta, 0 < eta /\
    forall c, Rabs (c - z) < eta -> Rabs (/ phi c - / phi z) < eps.
Proof.
  intros Heps.
  assert (Hcontinuous : continuous (fun c => / phi c) z).
  { apply continuous_ext with (f := fun c => sqrt (2 * PI) * exp (c ^ 2 / 2)).
    - intros c; symmetry; apply inverse_density.
    - apply (ex_derive_continuous (V := R_NormedModule)); auto_derive; trivial. }
  apply filterlim_locally with (eps := mkposreal eps Heps) in Hcontinuous.
  destruct Hcontinuous as [eta Heta].
  exists eta; split; [apply cond_pos |].
  intros c Hc; exact (Heta c Hc).
Qed.

(** The normal quantile has the derivative [1 / phi (Q p)] on (0, 1). *)
Theorem derive_Q (p : R) : 0 < p < 1 -> is_derive Q p (/ phi (Q p)).
Proof.
  intros Hp.
  apply is_derive_Reals; intros eps Heps.
  set (z := Q p).
  assert (Hz : Phi z = p) by (now apply Phi_Q).
  destruct (inverse_density_close z eps Heps) as [eta [Heta Hclose]].
  (* p + h stays between Phi (z - eta) and Phi (z + eta) *)
  assert (Hleft : Phi (z - eta) < p) by (rewrite <- Hz; apply Phi_increasing; lra).
  assert (Hright : p < Phi (z + eta)) by (rewrite <- Hz; apply Phi_increasing; lra).
  assert (Hdelta : 0 < Rmin (Phi (z + eta) - p) (p - Phi (z - eta)))
    by (apply Rmin_pos; lra).
  exists (mkposreal _ Hdelta); simpl; intros h Hh0 Hh.
  pose proof (Rmin_l (Phi (z + eta) - p) (p - Phi (z - eta))).
  pose proof (Rmin_r (Phi (z + eta) - p) (p - Phi (z - eta))).
  apply Rabs_lt_between in Hh.
  pose proof (Phi_01 (z - eta)); pose proof (Phi_01 (z + eta)).
  (* so the quantile of p + h is within eta of z *)
  assert (Hz' : Phi (Q (p + h)) = p + h) by (apply Phi_Q; lra).
  set (z' := Q (p + h)) in *.
  assert (Hlow : z - eta < z') by (apply Phi_reflects; lra).
  assert (Hhigh : z' < z + eta) by (apply Phi_reflects; lra).
  (* and the difference quotient is 1 / phi c *)
  destruct (Phi_mean_value z z') as [c [Hc Hmean]].
  pose proof (phi_positive c).
  replace ((z' - z) / h) with (/ phi c).
  - apply Hclose, Rabs_lt_between.
    revert Hc; unfold Rmin, Rmax; destruct (Rle_dec z z'); lra.
  - replace h with (phi c * (z' - z)) by lra.
    field; split; [| lra].
    intros Hsame; apply Hh0; nra.
Qed.

Definition sensitivity (sigma p : R) : R := sigma * sqrt (2 * PI) * exp (Q p ^ 2 / 2).

(** The radius has the derivative [sigma / phi (Q p)], which is [sigma sqrt (2 PI) exp
    (z^2/2)] with [z = Q p]. *)
Theorem A2 (sigma p : R) :
  0 < p < 1 ->
  is_derive (Radius sigma) p (sigma / phi (Q p)) /\
  sigma / phi (Q p) = sensitivity sigma p.
Proof.
  intros Hp; split.
  - apply (is_derive_scal Q p sigma (/ phi (Q p))), derive_Q, Hp.
  - unfold Rdiv; rewrite inverse_density; unfold sensitivity, Rdiv; ring.
Qed.

Corollary derive_Radius (sigma p : R) :
  0 < p < 1 -> is_derive (Radius sigma) p (sensitivity sigma p).
Proof. intros Hp; destruct (A2 sigma p Hp) as [Hderive <-]; exact Hderive. Qed.

(** The sensitivity is least at [p = 1/2], and there only. *)
Theorem A2_minimum (sigma p : R) :
  0 < sigma -> 0 < p < 1 -> p <> 1/2 ->
  sensitivity sigma (1/2) = sigma * sqrt (2 * PI) /\
  sensitivity sigma (1/2) < sensitivity sigma p.
Proof.
  intros Hsigma Hp Hneq.
  assert (Hcoefficient : 0 < sigma * sqrt (2 * PI))
    by (apply Rmult_lt_0_compat; [exact Hsigma | apply sqrt_2PI_positive]).
  unfold sensitivity; rewrite Q_half.
  replace (0 ^ 2 / 2) with 0 by field; rewrite exp_0.
  split; [ring |].
  apply Rmult_lt_compat_l; [exact Hcoefficient |].
  rewrite <- exp_0; apply exp_increasing.
  assert (Hz : Q p <> 0).
  { intros Hzero; apply Hneq.
    rewrite <- (Phi_Q p Hp), Hzero; apply Phi_0. }
  pose proof (pow2_gt_0 (Q p) Hz); lra.
Qed.

(** The ratio of two sensitivities is [exp ((z1^2 - z2^2) / 2)]. *)
Theorem A4_ratio (sigma p1 p2 : R) :
  0 < sigma ->
  sensitivity sigma p1 / sensitivity sigma p2 = exp ((Q p1 ^ 2 - Q p2 ^ 2) / 2).
Proof.
  intros Hsigma.
  replace ((Q p1 ^ 2 - Q p2 ^ 2) / 2) with (Q p1 ^ 2 / 2 + - (Q p2 ^ 2 / 2)) by field.
  rewrite exp_plus, exp_Ropp.
  pose proof (exp_pos (Q p2 ^ 2 / 2)); pose proof sqrt_2PI_positive.
  unfold sensitivity; field; lra.
Qed.

(** ** A3: the second derivative *)

(** The derivative of that, the second derivative of the radius, is [2 PI sigma z exp
    (z^2)]. *)
Theorem A3 (sigma p : R) :
  0 < p < 1 ->
  is_derive (sensitivity sigma) p (2 * PI * sigma * Q p * exp (Q p ^ 2)).
Proof.
  intros Hp.
  pose proof (derive_Q p Hp) as HQ.
  assert (DQ : Derive (fun t : R => Q t) p = sqrt (2 * PI) * exp (Q p ^ 2 / 2)).
  { rewrite <- inverse_density; now apply is_derive_unique. }
  unfold sensitivity; auto_derive.
  - eexists; exact HQ.
  - rewrite DQ.
    assert (Hsqrt : 2 * PI = sqrt (2 * PI) * sqrt (2 * PI))
      by (symmetry; apply sqrt_sqrt; pose proof PI_RGT_0; lra).
    assert (Hexp : exp (Q p ^ 2) = exp (Q p ^ 2 / 2) * exp (Q p ^ 2 / 2))
      by (rewrite <- exp_plus; f_equal; field).
    rewrite Hexp; set (s := sqrt (2 * PI)) in *; rewrite Hsqrt.
    simpl; unfold Rdiv; field.
Qed.

(** ** A3: convexity of the radius *)

(** The radius is convex on [[1/2, 1)]. *)
Theorem A3_convex_upper_half (sigma : R) :
  0 < sigma -> convex_on (fun p => 1/2 <= p < 1) (Radius sigma).
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
    + now apply Q_nonnegative.
    + apply Rlt_le, exp_pos.
Qed.

(** The certified radius: abstention, 0, up to 1/2. *)
Definition certified_radius (sigma p : R) : R :=
  if Rlt_dec (1/2) p then Radius sigma p else 0.

(** It is [max (0, R p)] where [R] is defined. *)
Lemma certified_radius_is_max (sigma p : R) :
  0 < sigma -> 0 < p < 1 -> certified_radius sigma p = Rmax 0 (Radius sigma p).
Proof.
  intros Hsigma Hp; unfold certified_radius, Radius.
  destruct (Rlt_dec (1/2) p) as [Hlt | Hge].
  - pose proof (Q_positive p ltac:(lra)).
    rewrite Rmax_right; nra.
  - assert (Hneg : Q p <= 0) by (rewrite <- Q_half; apply Q_non_decreasing; lra).
    rewrite Rmax_left; nra.
Qed.

Lemma certified_radius_clipped (sigma p : R) :
  certified_radius sigma p = Radius sigma (Rmax p (1/2)).
Proof.
  unfold certified_radius.
  destruct (Rlt_dec (1/2) p) as [Hlt | Hge].
  - now rewrite Rmax_left by lra.
  - rewrite Rmax_right by lra; symmetry; apply A1_half.
Qed.

(** With 0 below 1/2 it is convex on all of [[0, 1)]. *)
Theorem A3_convex (sigma : R) :
  0 < sigma -> convex_on (fun p => 0 <= p < 1) (certified_radius sigma).
Proof.
  intros Hsigma x y t Hx Hy Ht.
  rewrite !certified_radius_clipped.
  pose proof (Rmax_l x (1/2)); pose proof (Rmax_r x (1/2)).
  pose proof (Rmax_l y (1/2)); pose proof (Rmax_r y (1/2)).
  assert (Hx' : Rmax x (1/2) < 1) by (apply Rmax_lub_lt; lra).
  assert (Hy' : Rmax y (1/2) < 1) by (apply Rmax_lub_lt; lra).
  set (x' := Rmax x (1/2)) in *; set (y' := Rmax y (1/2)) in *.
  apply Rle_trans with (Radius sigma (t * x' + (1 - t) * y')).
  - (* clipping is convex, and the radius does not decrease *)
    assert (Hmix : forall u v u' v', u <= u' -> v <= v' ->
              t * u + (1 - t) * v <= t * u' + (1 - t) * v').
    { intros u v u' v' Hu Hv.
      apply Rplus_le_compat; apply Rmult_le_compat_l; lra. }
    apply Rmult_le_compat_l; [lra |].
    pose proof (Rmax_r (t * x + (1 - t) * y) (1/2)).
    apply Q_non_decreasing; [lra | |].
    + apply Rmax_lub; [apply Hmix; lra |].
      pose proof (Hmix (1/2) (1/2) x' y' ltac:(lra) ltac:(lra)); lra.
    + pose proof (Hmix x' y' (Rmax x' y') (Rmax x' y') (Rmax_l _ _) (Rmax_r _ _)).
      pose proof (Rmax_lub_lt x' y' 1 Hx' Hy'); lra.
  - apply A3_convex_upper_half; lra.
Qed.
