(** * B4: how the largest certifiable radius grows with the budget

    Statement.  Let 0 < alpha < 1, [a = ln (1/alpha)] and [c = sqrt (2/pi)].  When all
    [N] draws agree, the tail [t_N = 1 - alpha^(1/N)] satisfies
    [a/N - a^2/(2 N^2) <= t_N <= a/N]; and for [N >= 2 a] the radius
    [R_N = sigma Q (alpha^(1/N))] satisfies
    [sqrt (c^2 + 2 ln (N/(2a))) - c <= R_N / sigma <= sqrt (2 ln (1/(2t)))] with
    [t = a/N - a^2/(2 N^2)].  Both are the root of [2 ln N] to first order, so to double
    a large ACR the budget must rise to about its fourth power.

    Idea.  [alpha^(1/N) = exp (- a/N)] and [x - x^2/2 <= 1 - exp (-x) <= x]; then A5. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia.
From RSTheory Require Import Setting SecondDerivative Gaussian A1 A5 B1_B2.
Open Scope R_scope.

(** ** Two elementary bounds *)

Lemma one_minus_exp_upper (x : R) : 1 - exp (- x) <= x.
Proof. pose proof (exp_ineq1_le (- x)); lra. Qed.

Lemma one_minus_exp_lower (x : R) : 0 <= x -> x - x ^ 2 / 2 <= 1 - exp (- x).
Proof.
  intros Hx.
  enough (H : 1 - exp (- 0) - 0 + 0 ^ 2 / 2 <= 1 - exp (- x) - x + x ^ 2 / 2).
  { rewrite Ropp_0, exp_0 in H; lra. }
  apply (non_decreasing_of_derivative (fun y => 0 <= y)) with
    (f := fun y => 1 - exp (- y) - y + y ^ 2 / 2) (f' := fun y => exp (- y) - 1 + y).
  - intros u v w; lra.
  - intros y _; auto_derive; trivial; field.
  - intros y _; pose proof (one_minus_exp_upper y); lra.
  - lra.
  - exact Hx.
  - exact Hx.
Qed.

Section Growth.

Variables (sigma alpha : R) (N : nat).
Hypothesis sigma_positive : 0 < sigma.
Hypothesis alpha_01 : 0 < alpha < 1.
Hypothesis N_positive : (0 < N)%nat.

Let a : R := - ln alpha.

Lemma N_real_positive : 0 < INR N.
Proof. now apply lt_0_INR. Qed.

Lemma a_positive : 0 < a.
Proof. pose proof (ln_negative alpha alpha_01); unfold a; lra. Qed.

Lemma full_bound_exp : full_bound alpha N = exp (- (a / INR N)).
Proof.
  pose proof N_real_positive.
  unfold full_bound, Rpower; f_equal; unfold a; field; lra.
Qed.

(** ** The tail *)

(** With [a = ln (1 / alpha)], the tail [1 - alpha^(1/N)] of the full bound is at most
    [a / N]. *)
Theorem B4_tail_upper : 1 - full_bound alpha N <= a / INR N.
Proof. rewrite full_bound_exp; apply one_minus_exp_upper. Qed.

(** It is at least [a/N - a^2 / (2 N^2)]. *)
Theorem B4_tail_lower :
  a / INR N - a ^ 2 / (2 * INR N ^ 2) <= 1 - full_bound alpha N.
Proof.
  pose proof N_real_positive; pose proof a_positive.
  rewrite full_bound_exp.
  replace (a ^ 2 / (2 * INR N ^ 2)) with ((a / INR N) ^ 2 / 2) by (field; lra).
  apply one_minus_exp_lower, Rlt_le, Rdiv_lt_0_compat; lra.
Qed.

(** ** The radius, for N >= 2 a *)

Hypothesis N_large : 2 * a <= INR N.

Lemma ratio_at_most_half : 0 < a / INR N <= 1/2.
Proof.
  pose proof N_real_positive; pose proof a_positive.
  split; [apply Rdiv_lt_0_compat; lra |].
  apply (Rmult_le_reg_r (INR N)); [lra |].
  unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra.
Qed.

Lemma tail_range : 0 < 1 - full_bound alpha N <= 1/2.
Proof.
  pose proof (full_bound_in_01 alpha alpha_01 N N_positive).
  pose proof B4_tail_upper; pose proof ratio_at_most_half; lra.
Qed.

Lemma ln_non_decreasing (x y : R) : 0 < x -> x <= y -> ln x <= ln y.
Proof. intros Hx [Hlt | <-]; [now apply Rlt_le, ln_increasing | lra]. Qed.

(** For [N >= 2 a] the radius of the full bound is at most [sigma sqrt (2 ln (1 / (2
    t)))], with [t] the lower bound of the tail. *)
Theorem B4_radius_upper :
  sigma * Q (full_bound alpha N)
  <= sigma * sqrt (2 * ln (1 / (2 * (a / INR N - a ^ 2 / (2 * INR N ^ 2))))).
Proof.
  pose proof N_real_positive; pose proof a_positive.
  pose proof (A5_upper sigma (1 - full_bound alpha N) sigma_positive tail_range) as HA5.
  unfold Radius in HA5.
  replace (1 - (1 - full_bound alpha N)) with (full_bound alpha N) in HA5 by ring.
  apply Rle_trans with (1 := HA5), Rmult_le_compat_l; [lra |].
  apply sqrt_le_1_alt, Rmult_le_compat_l, ln_non_decreasing; [lra | |].
  - apply Rdiv_lt_0_compat; pose proof tail_range; lra.
  - unfold Rdiv at 1 2; rewrite !Rmult_1_l.
    apply Rinv_le_contravar; [| pose proof B4_tail_lower; lra].
    replace (a / INR N - a ^ 2 / (2 * INR N ^ 2))
      with (a / INR N * (1 - a / INR N / 2)) by (field; lra).
    pose proof ratio_at_most_half; nra.
Qed.

(** It is at least [sigma (sqrt (c^2 + 2 ln (N / (2 a))) - c)]. *)
Theorem B4_radius_lower :
  sigma * (sqrt (c ^ 2 + 2 * ln (INR N / (2 * a))) - c)
  <= sigma * Q (full_bound alpha N).
Proof.
  pose proof N_real_positive; pose proof a_positive.
  pose proof (A5_lower sigma (1 - full_bound alpha N) sigma_positive tail_range) as HA5.
  unfold Radius in HA5.
  replace (1 - (1 - full_bound alpha N)) with (full_bound alpha N) in HA5 by ring.
  apply Rle_trans with (2 := HA5), Rmult_le_compat_l; [lra |].
  apply Rplus_le_compat_r, sqrt_le_1_alt, Rplus_le_compat_l, Rmult_le_compat_l; [lra |].
  apply ln_non_decreasing; [apply Rdiv_lt_0_compat; lra |].
  replace (INR N / (2 * a)) with (/ (2 * (a / INR N))) by (field; lra).
  unfold Rdiv at 2; rewrite Rmult_1_l.
  apply Rinv_le_contravar; pose proof tail_range; pose proof B4_tail_upper; lra.
Qed.

End Growth.
