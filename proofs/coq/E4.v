(** * E4: vectors of equal norm have equal density under N(0, sigma^2 I)

    Statement.  The density of N(0, sigma^2 I) in dimension [n] is the product of
    the [n] one-dimensional normal densities.  Two vectors of the same dimension
    and the same Euclidean norm have the same density; conversely the density
    determines the norm, and a larger norm means a smaller density.  Hence the
    attack that rescales its perturbation back to the norm of the noise that it
    started from stays on the shell, at the same density.

    Idea.  A product of exponentials is the exponential of the sum, and the sum is
    [- |x|^2 / (2 sigma^2)]; the constant in front depends on the dimension only. *)

Require Import Reals Lra List.
From RSTheory Require Import Setting.
Import ListNotations.
Open Scope R_scope.

(** ** Density and norm *)

Definition normal_density (sigma x : R) : R :=
  / (sigma * sqrt (2 * PI)) * exp (- (x ^ 2 / (2 * sigma ^ 2))).

(** The density at the vector [x], a list of coordinates. *)
Fixpoint density (sigma : R) (x : list R) : R :=
  match x with
  | [] => 1
  | x1 :: x' => normal_density sigma x1 * density sigma x'
  end.

Definition norm_squared (x : list R) : R := sum (map (fun x1 => x1 ^ 2) x).

Definition norm (x : list R) : R := sqrt (norm_squared x).

Definition scale (s : R) (x : list R) : list R := map (Rmult s) x.

(** ** The density depends on the sum of squares only *)

Lemma density_closed_form (sigma : R) (x : list R) :
  0 < sigma ->
  density sigma x
  = (/ (sigma * sqrt (2 * PI))) ^ length x
    * exp (- (norm_squared x / (2 * sigma ^ 2))).
Proof.
  intros Hsigma.
  induction x as [| x1 x IH].
  - unfold norm_squared; simpl.
    replace (- (0 / (2 * (sigma * (sigma * 1))))) with 0 by (field; lra).
    rewrite exp_0; ring.
  - change (density sigma (x1 :: x)) with (normal_density sigma x1 * density sigma x).
    change (norm_squared (x1 :: x)) with (x1 ^ 2 + norm_squared x).
    replace (- ((x1 ^ 2 + norm_squared x) / (2 * sigma ^ 2)))
      with (- (x1 ^ 2 / (2 * sigma ^ 2)) + - (norm_squared x / (2 * sigma ^ 2)))
      by (field; lra).
    rewrite exp_plus, IH.
    unfold normal_density; simpl length.
    rewrite <- (tech_pow_Rmult (/ (sigma * sqrt (2 * PI)))); ring.
Qed.

Lemma norm_squared_nonneg (x : list R) : 0 <= norm_squared x.
Proof.
  induction x as [| x1 x IH].
  - unfold norm_squared; simpl; lra.
  - change (norm_squared (x1 :: x)) with (x1 ^ 2 + norm_squared x).
    pose proof (pow2_ge_0 x1); lra.
Qed.

(** Vectors of equal norm have equal density under N(0, sigma^2 I). *)
Theorem E4_equal_density (sigma : R) (x y : list R) :
  0 < sigma -> length x = length y -> norm x = norm y ->
  density sigma x = density sigma y.
Proof.
  intros Hsigma Hdim Hnorm.
  apply sqrt_inj in Hnorm; [| apply norm_squared_nonneg | apply norm_squared_nonneg].
  rewrite !density_closed_form by exact Hsigma.
  now rewrite Hdim, Hnorm.
Qed.

(** A vector of larger norm has a smaller density. *)
Theorem E4_smaller_density (sigma : R) (x y : list R) :
  0 < sigma -> length x = length y -> norm x < norm y ->
  density sigma y < density sigma x.
Proof.
  intros Hsigma Hdim Hnorm.
  apply sqrt_lt_0_alt in Hnorm.
  rewrite !density_closed_form, Hdim by exact Hsigma.
  apply Rmult_lt_compat_l.
  - apply pow_lt, Rinv_0_lt_compat, Rmult_lt_0_compat; [exact Hsigma |].
    apply sqrt_lt_R0; pose proof PI_RGT_0; lra.
  - apply exp_increasing, Ropp_lt_contravar.
    apply Rmult_lt_compat_r; [| exact Hnorm].
    apply Rinv_0_lt_compat; pose proof (pow_lt sigma 2 Hsigma); lra.
Qed.

(** So vectors of equal density have equal norm. *)
Corollary E4_equal_norm (sigma : R) (x y : list R) :
  0 < sigma -> length x = length y ->
  density sigma x = density sigma y -> norm x = norm y.
Proof.
  intros Hsigma Hdim Hdensity.
  destruct (Rtotal_order (norm x) (norm y)) as [Hlt | [Heq | Hgt]].
  - pose proof (E4_smaller_density sigma x y Hsigma Hdim Hlt); lra.
  - exact Heq.
  - pose proof (E4_smaller_density sigma y x Hsigma (eq_sym Hdim) Hgt); lra.
Qed.

(** ** The attack's projection stays on the shell *)

Lemma norm_scale (s : R) (x : list R) : 0 <= s -> norm (scale s x) = s * norm x.
Proof.
  intros Hs.
  assert (Hsquares : norm_squared (scale s x) = (s * s) * norm_squared x).
  { induction x as [| x1 x IH].
    - unfold norm_squared; simpl; ring.
    - change ((s * x1) ^ 2 + norm_squared (scale s x)
              = s * s * (x1 ^ 2 + norm_squared x)).
      rewrite IH; ring. }
  unfold norm; rewrite Hsquares, sqrt_mult.
  - now rewrite sqrt_square.
  - now apply Rmult_le_pos.
  - apply norm_squared_nonneg.
Qed.

(** [project d x] is [x] rescaled to the norm of [d], as in step E3. *)
Definition project (d x : list R) : list R := scale (norm d / norm x) x.

(** The projection of [x] to the norm of [d] has the norm and the density of [d]. *)
Theorem E4_projection_stays_on_shell (sigma : R) (d x : list R) :
  0 < sigma -> length x = length d -> 0 < norm x ->
  norm (project d x) = norm d /\ density sigma (project d x) = density sigma d.
Proof.
  intros Hsigma Hdim Hx.
  assert (Hnorm : norm (project d x) = norm d).
  { unfold project; rewrite norm_scale.
    - field; lra.
    - apply Rmult_le_pos; [apply sqrt_pos |].
      now apply Rlt_le, Rinv_0_lt_compat. }
  split; [exact Hnorm |].
  apply E4_equal_density; [exact Hsigma | | exact Hnorm].
  unfold project, scale; now rewrite map_length.
Qed.
