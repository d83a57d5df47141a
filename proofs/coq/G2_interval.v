(** * G2: what the mixture rejects is an interval

    Statement.  After the same counts, if the truncated mixture against [q'] exceeds 1, it is
    at least as large against every [q < q'].  Hence, for [alpha < 1], every [q] below a
    rejected one is rejected: the infimum of the values not rejected is the supremum of
    the rejected ones, and bisection finds it.

    Idea.  Write the mixture as a mean over [v] in [0, 1], the place of the alternative's
    angle between that of [q] and [PI/2]: [s = (1 - v) a + v PI/2], [a] the angle of [q].
    The logarithm of [(sin s)^k (cos s)^j] is concave in [s].  While [q <= k / (k + j)] it
    rises at [a], so its gain from [a] to [s] falls as [a] rises, for every [v]: both ends
    move up, the far end more slowly, and where the slope is smaller.  Where
    [q >= k / (k + j)] every ratio is at most 1. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List.
From RSTheory Require Import Setting Convexity SecondDerivative BinomialLaw Paths G1 G1_mixture.
Open Scope R_scope.

(** ** The mixture over the place of the angle *)

Definition place (a v : R) : R := (1 - v) * a + v * (PI/2).

Lemma kt_over_places (q : R) (k j : nat) :
  0 < q < 1 ->
  kt q k j = RInt (fun v => ratio (sin (place (angle q) v) ^ 2) q k j) 0 1.
Proof.
  intros Hq; pose proof (angle_range q Hq) as Ha.
  set (a := angle q) in *; set (w := PI/2 - a).
  assert (Hw : 0 < w) by (unfold w; lra).
  set (f := fun s => / w * ratio (sin s ^ 2) q k j).
  assert (Hf : ex_RInt f (w * 0 + a) (w * 1 + a)).
  { apply (ex_RInt_continuous (V := R_CompleteNormedModule)); intros s _.
    apply (ex_derive_continuous (V := R_NormedModule)).
    unfold f, ratio; auto_derive; trivial. }
  pose proof (RInt_comp_lin f w a 0 1 Hf) as Hlin.
  unfold kt; fold a; fold w.
  replace (w * 0 + a) with a in Hlin by ring.
  replace (w * 1 + a) with (PI/2) in Hlin by (unfold w; ring).
  unfold f in Hlin; rewrite <- Hlin; apply RInt_ext; intros v _.
  unfold scal; simpl; unfold mult; simpl.
  replace (w * v + a) with (place a v) by (unfold place, w; ring).
  rewrite <- Rmult_assoc, Rinv_r by lra; apply Rmult_1_l.
Qed.

(** ** One alternative *)

(** Half the logarithm of the likelihood ratio of the alternative at [v] to the [q] whose
    angle is [x]. *)
Definition gain (k j : nat) (v x : R) : R :=
  INR k * (ln (sin (place x v)) - ln (sin x))
  + INR j * (ln (cos (place x v)) - ln (cos x)).

Definition slope (k j : nat) (x : R) : R :=
  INR k * (cos x / sin x) - INR j * (sin x / cos x).

Lemma place_between (x v : R) : 0 < x < PI/2 -> 0 < v < 1 -> x < place x v < PI/2.
Proof. intros Hx Hv; unfold place; nra. Qed.

Lemma derive_gain (k j : nat) (v x : R) :
  0 < x < PI/2 -> 0 < v < 1 ->
  is_derive (gain k j v) x ((1 - v) * slope k j (place x v) - slope k j x).
Proof.
  intros Hx Hv; pose proof (place_between x v Hx Hv) as Hs.
  assert (0 < sin x) by (apply sin_gt_0; lra).
  assert (0 < cos x) by (apply cos_gt_0; lra).
  assert (0 < sin (place x v)) by (apply sin_gt_0; lra).
  assert (0 < cos (place x v)) by (apply cos_gt_0; lra).
  unfold gain, slope, place in *; auto_derive.
  - repeat split; assumption.
  - field; repeat split; lra.
Qed.

Lemma slope_decreases (k j : nat) (x s : R) :
  0 < x < PI/2 -> x < s < PI/2 -> slope k j s <= slope k j x.
Proof.
  intros Hx Hs; unfold slope.
  assert (Hsx : 0 < sin x) by (apply sin_gt_0; lra).
  assert (Hcs : 0 < cos s) by (apply cos_gt_0; lra).
  assert (Hsin : sin x <= sin s) by (apply sin_incr_1; lra).
  assert (Hcos : cos s <= cos x) by (apply cos_decr_1; lra).
  pose proof (pos_INR k); pose proof (pos_INR j).
  assert (Hcot : cos s / sin s <= cos x / sin x).
  { unfold Rdiv; apply Rmult_le_compat; try lra.
    - apply Rlt_le, Rinv_0_lt_compat; lra.
    - apply Rinv_le_contravar; lra. }
  assert (Htan : sin x / cos x <= sin s / cos s).
  { unfold Rdiv; apply Rmult_le_compat; try lra.
    - apply Rlt_le, Rinv_0_lt_compat; lra.
    - apply Rinv_le_contravar; lra. }
  nra.
Qed.

Lemma slope_nonneg (k j : nat) (x : R) :
  0 < x < PI/2 -> (INR k + INR j) * sin x ^ 2 <= INR k -> 0 <= slope k j x.
Proof.
  intros Hx Hq; unfold slope.
  assert (Hsx : 0 < sin x) by (apply sin_gt_0; lra).
  assert (Hcx : 0 < cos x) by (apply cos_gt_0; lra).
  assert (Hone : cos x ^ 2 = 1 - sin x ^ 2).
  { pose proof (sin2_cos2 x) as H; unfold Rsqr in H; simpl; lra. }
  replace (INR k * (cos x / sin x) - INR j * (sin x / cos x))
    with ((INR k * cos x ^ 2 - INR j * sin x ^ 2) / (sin x * cos x)) by (field; lra).
  apply Rmult_le_pos; [rewrite Hone; lra |].
  apply Rlt_le, Rinv_0_lt_compat, Rmult_lt_0_compat; lra.
Qed.

(** The gain of every alternative falls as [q] rises, up to [k / (k + j)]. *)
Lemma gain_falls (k j : nat) (v x x' : R) :
  0 < x -> x <= x' < PI/2 -> 0 < v < 1 -> (INR k + INR j) * sin x' ^ 2 <= INR k ->
  gain k j v x' <= gain k j v x.
Proof.
  intros Hx Hxx Hv Hq.
  assert (Hopp : - gain k j v x <= - gain k j v x'); [| lra].
  apply (non_decreasing_of_derivative (fun y => 0 < y <= x') ltac:(intros; lra)
           (fun y => - gain k j v y)
           (fun y => - ((1 - v) * slope k j (place y v) - slope k j y))); try lra.
  - intros y Hy; apply (is_derive_opp (V := R_NormedModule)), derive_gain; lra.
  - intros y Hy; pose proof (place_between y v ltac:(lra) Hv) as Hs.
    pose proof (slope_decreases k j y (place y v) ltac:(lra) Hs).
    assert (Hsin : 0 <= sin y <= sin x').
    { split; [apply sin_ge_0; lra | apply sin_incr_1; lra]. }
    assert (Hsquare : sin y ^ 2 <= sin x' ^ 2) by (apply pow_incr; exact Hsin).
    pose proof (pos_INR k); pose proof (pos_INR j).
    assert (0 <= slope k j y) by (apply slope_nonneg; [lra | nra]).
    destruct (Rle_lt_dec 0 (slope k j (place y v))); nra.
Qed.

Lemma ratio_is_exp (k j : nat) (v x : R) :
  0 < x < PI/2 -> 0 < v < 1 ->
  ratio (sin (place x v) ^ 2) (sin x ^ 2) k j = exp (2 * gain k j v x).
Proof.
  intros Hx Hv; pose proof (place_between x v Hx Hv) as Hs.
  assert (Hsx : 0 < sin x) by (apply sin_gt_0; lra).
  assert (Hcx : 0 < cos x) by (apply cos_gt_0; lra).
  assert (Hss : 0 < sin (place x v)) by (apply sin_gt_0; lra).
  assert (Hcs : 0 < cos (place x v)) by (apply cos_gt_0; lra).
  assert (Hcos : forall y, 1 - sin y ^ 2 = cos y ^ 2).
  { intros y; pose proof (sin2_cos2 y) as H; unfold Rsqr in H; simpl; lra. }
  assert (Hpower : forall u w n, 0 < u -> 0 < w ->
            (u ^ 2 / w ^ 2) ^ n = exp (2 * (INR n * (ln u - ln w)))).
  { intros u w n Hu Hw.
    assert (Hquotient : 0 < u ^ 2 / w ^ 2) by (apply Rdiv_lt_0_compat; now apply pow_lt).
    rewrite <- Rpower_pow by exact Hquotient; unfold Rpower; f_equal.
    rewrite ln_div by (now apply pow_lt).
    rewrite <- !(Rpower_pow 2), !ln_Rpower by assumption.
    simpl INR; ring. }
  unfold ratio; rewrite !Hcos, !Hpower by assumption; rewrite <- exp_plus.
  f_equal; unfold gain; ring.
Qed.

(** ** The interval *)

Lemma places_integrable (q a : R) (k j : nat) :
  ex_RInt (fun v => ratio (sin (place a v) ^ 2) q k j) 0 1.
Proof.
  apply (ex_RInt_continuous (V := R_CompleteNormedModule)); intros v _.
  apply (ex_derive_continuous (V := R_NormedModule)).
  unfold ratio, place; auto_derive; trivial.
Qed.

(** [ln x <= x - 1], for the ratio of two squares. *)
Lemma two_ln (u w : R) : 0 < u -> 0 < w -> 2 * (ln u - ln w) <= u ^ 2 / w ^ 2 - 1.
Proof.
  intros Hu Hw.
  assert (Hquotient : 0 < u ^ 2 / w ^ 2) by (apply Rdiv_lt_0_compat; now apply pow_lt).
  pose proof (exp_ineq1_le (ln (u ^ 2 / w ^ 2))) as Hexp.
  rewrite exp_ln in Hexp by exact Hquotient.
  rewrite ln_div in Hexp by (now apply pow_lt).
  rewrite <- !(Rpower_pow 2), !ln_Rpower in Hexp by assumption.
  rewrite !(Rpower_pow 2) in Hexp by assumption; simpl INR in Hexp; lra.
Qed.

Lemma gain_not_positive (q v : R) (k j : nat) :
  0 < q < 1 -> 0 < v < 1 -> INR k <= (INR k + INR j) * q -> 2 * gain k j v (angle q) <= 0.
Proof.
  intros Hq Hv Hk; pose proof (angle_range q Hq) as Ha.
  pose proof (place_between (angle q) v Ha Hv) as Hs.
  pose proof (sin_angle q Hq) as Hsin.
  assert (Hcos : forall y, cos y ^ 2 = 1 - sin y ^ 2).
  { intros y; pose proof (sin2_cos2 y) as H; unfold Rsqr in H; simpl; lra. }
  pose proof (theta_of_angle q (place (angle q) v) Hq ltac:(lra)) as Htheta.
  pose proof (two_ln (sin (place (angle q) v)) (sin (angle q))
    ltac:(apply sin_gt_0; lra) ltac:(apply sin_gt_0; lra)) as Hsins.
  pose proof (two_ln (cos (place (angle q) v)) (cos (angle q))
    ltac:(apply cos_gt_0; lra) ltac:(apply cos_gt_0; lra)) as Hcoss.
  rewrite !Hcos, Hsin in Hcoss; rewrite Hsin in Hsins.
  set (theta := sin (place (angle q) v) ^ 2) in *.
  unfold gain.
  pose proof (pos_INR k); pose proof (pos_INR j).
  apply (Rmult_le_compat_l (INR k)) in Hsins; [| assumption].
  apply (Rmult_le_compat_l (INR j)) in Hcoss; [| assumption].
  assert (Hall : INR k * (theta / q - 1) + INR j * ((1 - theta) / (1 - q) - 1)
                 = (theta - q) * (INR k - (INR k + INR j) * q) / (q * (1 - q))) by (field; lra).
  assert (Hsign : (theta - q) * (INR k - (INR k + INR j) * q) / (q * (1 - q)) <= 0).
  { apply Rmult_le_reg_r with (q * (1 - q)); [nra |].
    unfold Rdiv; rewrite Rmult_assoc, Rinv_l by nra; nra. }
  lra.
Qed.

(** Where [q >= k / (k + j)] the mixture is at most 1. *)
Lemma kt_at_most_1 (q : R) (k j : nat) :
  0 < q < 1 -> INR k <= (INR k + INR j) * q -> kt q k j <= 1.
Proof.
  intros Hq Hk; pose proof (angle_range q Hq) as Ha.
  rewrite kt_over_places by exact Hq.
  assert (Hone : RInt (fun _ => 1) 0 1 = 1).
  { rewrite RInt_const; unfold scal; simpl; unfold mult; simpl; apply Rmult_1_r || ring. }
  rewrite <- Hone at 2; apply RInt_le; [lra | | |].
  - apply places_integrable.
  - apply ex_RInt_const.
  - intros v Hv.
    pose proof (ratio_is_exp k j v (angle q) Ha Hv) as Hratio.
    rewrite (sin_angle q Hq) in Hratio; rewrite Hratio.
    assert (Hgain : 2 * gain k j v (angle q) <= 0) by (apply gain_not_positive; assumption).
    destruct Hgain as [Hlt | ->]; [| rewrite exp_0; lra].
    rewrite <- exp_0; apply Rlt_le, exp_increasing, Hlt.
Qed.

Lemma angle_non_decreasing (q q' : R) : 0 < q -> q <= q' -> q' < 1 -> angle q <= angle q'.
Proof.
  intros Hq Hqq Hq'.
  pose proof (angle_range q ltac:(lra)); pose proof (angle_range q' ltac:(lra)).
  destruct (Rle_lt_dec (angle q) (angle q')) as [Hle | Hgt]; [exact Hle | exfalso].
  assert (Hsin : 0 < sin (angle q') < sin (angle q)).
  { split; [apply sin_gt_0; lra | apply sin_increasing_1; lra]. }
  pose proof (sin_angle q ltac:(lra)); pose proof (sin_angle q' ltac:(lra)); nra.
Qed.

(** Up to [k / (k + j)] the mixture does not increase in [q]. *)
Theorem G2_monotone (q q' : R) (k j : nat) :
  0 < q -> q <= q' -> q' < 1 -> (INR k + INR j) * q' <= INR k -> kt q' k j <= kt q k j.
Proof.
  intros Hq Hqq Hq' Hk.
  pose proof (angle_range q ltac:(lra)) as Ha; pose proof (angle_range q' ltac:(lra)) as Ha'.
  pose proof (angle_non_decreasing q q' Hq Hqq Hq') as Hangle.
  rewrite !kt_over_places by lra.
  apply RInt_le; [lra | apply places_integrable | apply places_integrable |].
  intros v Hv.
  pose proof (ratio_is_exp k j v (angle q) Ha Hv) as Hratio.
  pose proof (ratio_is_exp k j v (angle q') Ha' Hv) as Hratio'.
  rewrite sin_angle in Hratio, Hratio' by lra; rewrite Hratio, Hratio'.
  assert (Hgain : gain k j v (angle q') <= gain k j v (angle q)).
  { apply gain_falls; try lra; rewrite sin_angle by lra; exact Hk. }
  destruct Hgain as [Hlt | ->]; [apply Rlt_le, exp_increasing | ]; lra.
Qed.

(** A mixture above 1 against [q'] is at least as large against every [q <= q']. *)
Theorem G2_above_1 (q q' : R) (k j : nat) :
  0 < q -> q <= q' -> q' < 1 -> 1 < kt q' k j -> kt q' k j <= kt q k j.
Proof.
  intros Hq Hqq Hq' Habove; apply G2_monotone; trivial.
  destruct (Rle_lt_dec ((INR k + INR j) * q') (INR k)) as [Hle | Hgt]; [exact Hle | exfalso].
  pose proof (kt_at_most_1 q' k j ltac:(lra) ltac:(lra)); lra.
Qed.

(** For [alpha < 1], whoever rejects [q'] rejects every [q <= q'] with the same counts: the
    values not rejected are an interval that ends at 1, and its infimum is the supremum of
    the rejected ones. *)
Theorem G2_interval (q q' alpha : R) (k j : nat) :
  0 < q -> q <= q' -> q' < 1 -> 0 < alpha < 1 -> / alpha <= kt q' k j -> / alpha <= kt q k j.
Proof.
  intros Hq Hqq Hq' Halpha Hreject.
  assert (Hone : 1 < / alpha) by (rewrite <- Rinv_1; apply Rinv_lt_contravar; lra).
  apply Rle_trans with (1 := Hreject), G2_above_1; trivial; lra.
Qed.

(** So any value rejected now is a lower bound for [p] at all times at once: bisection may
    stop at any of them. *)
Theorem G2_any_rejected (alpha : R) (L : nat -> nat -> R) :
  0 < alpha < 1 ->
  (forall k j, L k j <= 0 \/ (L k j < 1 /\ / alpha <= kt (L k j) k j)) ->
  anytime_bound alpha kt L.
Proof.
  intros Halpha HL k j q Hq Hbelow.
  destruct (HL k j) as [Hzero | [Hlt1 Hreject]]; [lra |].
  destruct (Rle_lt_dec (L k j) q) as [Hle | Hgt]; [exact Hle | exfalso].
  pose proof (G2_interval q (L k j) alpha k j ltac:(lra) ltac:(lra) Hlt1 Halpha Hreject).
  lra.
Qed.
