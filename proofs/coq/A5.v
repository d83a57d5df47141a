(** * A5: two-sided bounds on the radius and its sensitivity near p = 1

    Statement.  Put [c = sqrt (2/pi)].  For [z >= 0] the Gaussian tail satisfies
    [1/2 exp (- z^2/2 - c z) <= 1 - Phi z <= 1/2 exp (- z^2/2)].  Hence, for every
    0 < t <= 1/2 and with [l = ln (1/(2t))],
    [sqrt (c^2 + 2 l) - c <= R (1 - t) / sigma <= sqrt (2 l)]; and, with [y] the left side
    of that, [1 / (sqrt (2 l) + c) <= t R' (1 - t) / sigma <= 1 / sqrt (y^2 + c^2)].

    Idea.  Let [G] be the difference of the two sides of a tail bound.  It is 0 at 0 and
    tends to 0 at infinity, and its derivative is nonnegative up to some point and
    nonpositive from there on; so [G >= 0]: before that point because [G] has risen from
    0, after it because [G] will fall to 0.  That the derivative changes sign only once
    is plain for the upper bound; for the lower it is the convexity of [exp].  The bounds
    on the radius are the tail bounds solved for [z].  The bounds on the sensitivity
    [sigma / phi z] are [sqrt (z^2 + c^2) <= phi z / (1 - Phi z) <= z + c], by the same
    argument; for the first of them the sign of [G'] is that of a quadratic polynomial in
    [z^2 + c^2] with one positive root. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From RSTheory Require Import Setting Convexity SecondDerivative Gaussian A1 A2_A3.
Open Scope R_scope.

(** The ratio [phi / (1 - Phi)] at 0. *)
Definition c : R := sqrt (2 / PI).

Lemma c_positive : 0 < c.
Proof. apply sqrt_lt_R0, Rdiv_lt_0_compat; pose proof PI_RGT_0; lra. Qed.

(** [phi z = (c/2) exp (- z^2/2)]. *)
Lemma phi_with_c (z : R) : phi z = c / 2 * gauss z.
Proof.
  pose proof PI_RGT_0; pose proof sqrt_2PI_positive.
  assert (Hc : c * sqrt (2 * PI) = 2).
  { unfold c; rewrite <- sqrt_mult.
    - replace (2 / PI * (2 * PI)) with (2 * 2) by (field; lra).
      apply sqrt_square; lra.
    - apply Rlt_le, Rdiv_lt_0_compat; lra.
    - lra. }
  unfold phi; apply (Rmult_eq_reg_r (sqrt (2 * PI))); [| lra].
  replace (c / 2 * gauss z * sqrt (2 * PI)) with (c * sqrt (2 * PI) / 2 * gauss z) by field.
  rewrite Hc; field; lra.
Qed.

(** [exp] is monotone, both ways. *)
Lemma exp_non_decreasing (x y : R) : x <= y -> exp x <= exp y.
Proof. intros [Hlt | <-]; [now apply Rlt_le, exp_increasing | lra]. Qed.

Lemma exp_le_inv (x y : R) : exp x <= exp y -> x <= y.
Proof.
  intros H; destruct (Rle_lt_dec x y) as [Hle | Hgt]; [exact Hle |].
  apply exp_increasing in Hgt; lra.
Qed.

(** ** The shape of the argument *)

(** [G] starts at 0, is eventually above every negative number, rises while its
    derivative is nonnegative and then falls: then it is nonnegative. *)
Lemma rises_then_falls (G G' : R -> R) :
  (forall z, is_derive G z (G' z)) ->
  G 0 = 0 ->
  (forall eps, 0 < eps -> forall z, exists y, z <= y /\ - eps < G y) ->
  (forall z, 0 <= z -> (forall y, 0 <= y <= z -> 0 <= G' y) \/
                       (forall y, z <= y -> G' y <= 0)) ->
  forall z, 0 <= z -> 0 <= G z.
Proof.
  intros HG HG0 Hend Hsign z Hz.
  destruct (Hsign z Hz) as [Hrises | Hfalls].
  - rewrite <- HG0.
    apply (non_decreasing_of_derivative (fun y => 0 <= y <= z)) with (f' := G').
    + intros u v w; lra.
    + intros y _; apply HG.
    + exact Hrises.
    + lra.
    + lra.
    + exact Hz.
  - destruct (Rle_lt_dec 0 (G z)) as [Hpos | Hneg]; [exact Hpos | exfalso].
    destruct (Hend (- G z) ltac:(lra) z) as [y [Hzy Hy]].
    enough (Hfall : - G z <= - G y) by lra.
    apply (non_decreasing_of_derivative (fun u => z <= u)) with
      (f := fun u => - G u) (f' := fun u => - G' u).
    + intros u v w; lra.
    + intros u _; apply (is_derive_opp G u (G' u)), HG.
    + intros u Hu; pose proof (Hfalls u Hu); lra.
    + lra.
    + exact Hzy.
    + exact Hzy.
Qed.

(** The tail vanishes. *)
Lemma tail_vanishes (eps z : R) : 0 < eps -> exists y, z <= y /\ 0 < y /\ 1 - Phi y < eps.
Proof.
  intros Heps.
  destruct (Phi_near_1 (1 - eps)) as [x [Hx HPhi]]; [lra |].
  exists (Rmax z x).
  pose proof (Rmax_l z x); pose proof (Rmax_r z x) as [Hlt | Heq].
  - pose proof (Phi_increasing _ _ Hlt); lra.
  - rewrite <- Heq in *; lra.
Qed.

(** And so does [exp (- y^2/2)]. *)
Lemma gauss_small (eps z : R) : 0 < eps -> exists y, z <= y /\ 0 <= y /\ gauss y < eps.
Proof.
  intros Heps.
  pose proof gauss_vanishes as Hlimit.
  apply is_lim_spec in Hlimit; simpl in Hlimit.
  destruct (Hlimit (mkposreal eps Heps)) as [M HM]; simpl in HM.
  set (y := Rmax (Rmax z 0) M + 1).
  pose proof (Rmax_l (Rmax z 0) M); pose proof (Rmax_r (Rmax z 0) M).
  pose proof (Rmax_l z 0); pose proof (Rmax_r z 0).
  exists y; split; [unfold y; lra | split; [unfold y; lra |]].
  specialize (HM y ltac:(unfold y; lra)).
  apply Rabs_lt_between in HM; lra.
Qed.

(** ** The tail bounds *)

Theorem A5_tail_upper (z : R) : 0 <= z -> 1 - Phi z <= 1/2 * gauss z.
Proof.
  intros Hz.
  enough (0 <= 1/2 * gauss z - (1 - Phi z)) by lra.
  revert z Hz.
  apply rises_then_falls with (G' := fun z => gauss z / 2 * (c - z)).
  - intros z.
    assert (DPhi : Derive (fun t : R => Phi t) z = c / 2 * gauss z)
      by (rewrite <- phi_with_c; apply is_derive_unique, derive_Phi).
    assert (Dgauss : Derive (fun t : R => gauss t) z = - z * gauss z).
    { apply is_derive_unique; unfold gauss; auto_derive; trivial.
      simpl; unfold Rdiv; field. }
    auto_derive.
    + split; [| split; [eexists; apply derive_Phi | trivial]].
      unfold gauss; auto_derive; trivial.
    + rewrite DPhi, Dgauss; field.
  - rewrite Phi_0; unfold gauss.
    replace (- (0 ^ 2 / 2)) with 0 by field; rewrite exp_0; field.
  - intros eps Heps z.
    destruct (tail_vanishes eps z Heps) as [y [Hy [_ Htail]]].
    exists y; pose proof (gauss_positive y); lra.
  - intros z Hz.
    destruct (Rle_lt_dec z c) as [Hle | Hgt]; [left | right]; intros y Hy;
      pose proof (gauss_positive y); nra.
Qed.

(** The function whose sign decides: convex, and 0 at 0. *)
Definition k (z : R) : R := c * exp (c * z) - z - c.

Lemma k_convex : convex_on (fun _ => True) k.
Proof.
  pose proof c_positive.
  apply convex_of_second_derivative with
    (f' := fun z => c ^ 2 * exp (c * z) - 1) (f'' := fun z => c ^ 3 * exp (c * z)).
  - trivial.
  - intros z _; unfold k; auto_derive; trivial; simpl; ring.
  - intros z _; auto_derive; trivial; simpl; ring.
  - intros z _; apply Rmult_le_pos; [apply pow_le; lra | apply Rlt_le, exp_pos].
Qed.

(** Nonpositive at [z], hence on all of [0, z]. *)
Lemma k_nonpositive_before (y z : R) : 0 <= y <= z -> k z <= 0 -> k y <= 0.
Proof.
  intros Hy Hkz.
  assert (Hk0 : k 0 = 0) by (unfold k; rewrite Rmult_0_r, exp_0; ring).
  destruct (Req_dec z 0) as [Hz | Hz].
  - replace y with 0 by lra; lra.
  - assert (Ht : 0 <= y / z <= 1).
    { split.
      - apply Rmult_le_pos; [lra | apply Rlt_le, Rinv_0_lt_compat; lra].
      - apply (Rmult_le_reg_r z); [lra |].
        unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra. }
    assert (Hchord : k (y / z * z + (1 - y / z) * 0) <= y / z * k z + (1 - y / z) * k 0)
      by (apply k_convex; trivial).
    replace (y / z * z + (1 - y / z) * 0) with y in Hchord by (field; lra).
    rewrite Hk0 in Hchord; nra.
Qed.

Theorem A5_tail_lower (z : R) : 0 <= z -> 1/2 * (gauss z * exp (- (c * z))) <= 1 - Phi z.
Proof.
  intros Hz.
  enough (0 <= (1 - Phi z) - 1/2 * (gauss z * exp (- (c * z)))) by lra.
  revert z Hz.
  apply rises_then_falls with
    (G' := fun z => gauss z * exp (- (c * z)) / 2 * (- k z)).
  - intros z.
    assert (DPhi : Derive (fun t : R => Phi t) z = c / 2 * gauss z)
      by (rewrite <- phi_with_c; apply is_derive_unique, derive_Phi).
    assert (Dgauss : Derive (fun t : R => gauss t) z = - z * gauss z).
    { apply is_derive_unique; unfold gauss; auto_derive; trivial.
      simpl; unfold Rdiv; field. }
    auto_derive.
    + split; [eexists; apply derive_Phi | split; [| trivial]].
      unfold gauss; auto_derive; trivial.
    + rewrite DPhi, Dgauss; unfold k.
      assert (Hexp : exp (- (c * z)) * exp (c * z) = 1)
        by (rewrite <- exp_plus, Rplus_opp_l; apply exp_0).
      replace (gauss z * exp (- (c * z)) / 2 * - (c * exp (c * z) - z - c))
        with (gauss z / 2 * (- c * (exp (- (c * z)) * exp (c * z))
                             + (z + c) * exp (- (c * z)))) by field.
      rewrite Hexp; field.
  - rewrite Phi_0; unfold gauss.
    replace (- (0 ^ 2 / 2)) with 0 by field.
    replace (- (c * 0)) with 0 by ring; rewrite exp_0; field.
  - intros eps Heps z.
    destruct (gauss_small eps z Heps) as [y [Hzy [Hy Hgauss]]].
    exists y; split; [exact Hzy |].
    assert (Hexp : exp (- (c * y)) <= 1).
    { rewrite <- exp_0; apply exp_non_decreasing; pose proof c_positive; nra. }
    pose proof (gauss_positive y); pose proof (exp_pos (- (c * y))).
    pose proof (Phi_below_1 y); nra.
  - intros z Hz.
    assert (Hfactor : forall y, 0 < gauss y * exp (- (c * y)) / 2).
    { intros y.
      pose proof (Rmult_lt_0_compat _ _ (gauss_positive y) (exp_pos (- (c * y)))); lra. }
    destruct (Rle_lt_dec (k z) 0) as [Hle | Hgt]; [left | right]; intros y Hy;
      specialize (Hfactor y).
    + pose proof (k_nonpositive_before y z Hy Hle); nra.
    + destruct (Rle_lt_dec (k y) 0) as [Hky | Hky]; [| nra].
      pose proof (k_nonpositive_before z y ltac:(lra) Hky); lra.
Qed.

(** ** The ratio of density and tail *)

(** The derivative of [(z + c) (1 - Phi z) - phi z]. *)
Definition v (z : R) : R := (1 - Phi z) - c * phi z.

Lemma derive_phi (z : R) : is_derive phi z (- z * phi z).
Proof.
  unfold phi, gauss; pose proof sqrt_2PI_positive.
  auto_derive; trivial; simpl; unfold Rdiv; field; lra.
Qed.

Lemma derive_v (z : R) : is_derive v z (phi z * (c * z - 1)).
Proof.
  assert (DPhi : Derive (fun t : R => Phi t) z = phi z)
    by (apply is_derive_unique, derive_Phi).
  assert (Dphi : Derive (fun t : R => phi t) z = - z * phi z)
    by (apply is_derive_unique, derive_phi).
  unfold v; auto_derive.
  - split; [eexists; apply derive_Phi | split; [eexists; apply derive_phi | trivial]].
  - rewrite DPhi, Dphi; ring.
Qed.

(** [v] falls up to [1/c]. *)
Lemma v_falls (y z : R) : y <= z -> c * z <= 1 -> v z <= v y.
Proof.
  intros Hyz Hz; pose proof c_positive.
  enough (- v y <= - v z) by lra.
  apply (non_decreasing_of_derivative (fun u => c * u <= 1)) with
    (f := fun u => - v u) (f' := fun u => - (phi u * (c * u - 1))).
  - intros x1 x2 x3; nra.
  - intros u _; apply (is_derive_opp v u (phi u * (c * u - 1))), derive_v.
  - intros u Hu; pose proof (phi_positive u); nra.
  - nra.
  - exact Hz.
  - exact Hyz.
Qed.

(** From [1/c] on it rises, to the limit 0: there it is nonpositive. *)
Lemma v_nonpositive (z : R) : 1 <= c * z -> v z <= 0.
Proof.
  intros Hz; pose proof c_positive.
  destruct (Rle_lt_dec (v z) 0) as [Hle | Hgt]; [exact Hle | exfalso].
  destruct (tail_vanishes (v z) z Hgt) as [y [Hzy [_ Htail]]].
  assert (Hrise : v z <= v y).
  { apply (non_decreasing_of_derivative (fun u => 1 <= c * u)) with
      (f' := fun u => phi u * (c * u - 1)).
    - intros x1 x2 x3; nra.
    - intros u _; apply derive_v.
    - intros u Hu; pose proof (phi_positive u); nra.
    - exact Hz.
    - nra.
    - exact Hzy. }
  pose proof (phi_positive y).
  pose proof (Rmult_lt_0_compat c (phi y)); unfold v in Hrise at 2; lra.
Qed.

Theorem A5_hazard_upper (z : R) : 0 <= z -> phi z <= (z + c) * (1 - Phi z).
Proof.
  intros Hz; pose proof c_positive.
  enough (0 <= (z + c) * (1 - Phi z) - phi z) by lra.
  revert z Hz.
  apply rises_then_falls with (G' := v).
  - intros z.
    assert (DPhi : Derive (fun t : R => Phi t) z = phi z)
      by (apply is_derive_unique, derive_Phi).
    assert (Dphi : Derive (fun t : R => phi t) z = - z * phi z)
      by (apply is_derive_unique, derive_phi).
    auto_derive.
    + split; [eexists; apply derive_Phi | split; [eexists; apply derive_phi | trivial]].
    + rewrite DPhi, Dphi; unfold v; ring.
  - rewrite phi_with_c, Phi_0; unfold gauss.
    replace (- (0 ^ 2 / 2)) with 0 by field; rewrite exp_0; field.
  - intros eps Heps z.
    destruct (gauss_small (eps / c) z) as [y [Hzy [Hy Hgauss]]];
      [now apply Rdiv_lt_0_compat |].
    exists y; split; [exact Hzy |].
    apply (Rmult_lt_compat_l c) in Hgauss; [| lra].
    replace (c * (eps / c)) with eps in Hgauss by (field; lra).
    pose proof (gauss_positive y); pose proof (Phi_below_1 y).
    pose proof (Rmult_lt_0_compat (y + c) (1 - Phi y)).
    rewrite phi_with_c; nra.
  - intros z Hz.
    destruct (Rle_lt_dec 1 (c * z)) as [Hbeyond | Hbefore].
    + right; intros y Hy; apply v_nonpositive; nra.
    + destruct (Rle_lt_dec 0 (v z)) as [Hpos | Hneg]; [left | right]; intros y Hy.
      * pose proof (v_falls y z ltac:(lra) ltac:(lra)); lra.
      * destruct (Rle_lt_dec 1 (c * y)) as [Hy' | Hy']; [now apply v_nonpositive |].
        pose proof (v_falls z y Hy ltac:(lra)); lra.
Qed.

Definition root (z : R) : R := sqrt (z ^ 2 + c ^ 2).

Lemma root_positive (z : R) : 0 < root z.
Proof.
  pose proof (pow_lt c 2 c_positive); pose proof (pow2_ge_0 z).
  apply sqrt_lt_R0; lra.
Qed.

Lemma root_squared (z : R) : root z ^ 2 = z ^ 2 + c ^ 2.
Proof.
  pose proof (pow2_ge_0 z); pose proof (pow2_ge_0 c).
  apply pow2_sqrt; lra.
Qed.

(** The quadratic that decides. *)
Definition q (w : R) : R := (2 - c ^ 2) * w ^ 2 + (1 - 2 * c ^ 2) * w - c ^ 2.

Lemma c_squared : 0 < c ^ 2 < 1.
Proof.
  split; [apply pow_lt, c_positive |].
  pose proof PI2_1; pose proof PI_RGT_0.
  unfold c; rewrite pow2_sqrt by (apply Rlt_le, Rdiv_lt_0_compat; lra).
  apply (Rmult_lt_reg_r PI); [lra |].
  unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra.
Qed.

(** Nonpositive at [w1], hence nonpositive before. *)
Lemma q_nonpositive_before (w w1 : R) : 0 < w <= w1 -> q w1 <= 0 -> q w <= 0.
Proof.
  intros Hw Hq; pose proof c_squared.
  assert (Hcompare : q w * w1 - q w1 * w
                     = - (w1 - w) * ((2 - c ^ 2) * (w * w1) + c ^ 2))
    by (unfold q; ring).
  assert (Hproduct : 0 < w * w1) by (apply Rmult_lt_0_compat; lra).
  assert (Hfactor : 0 <= (w1 - w) * ((2 - c ^ 2) * (w * w1) + c ^ 2)).
  { apply Rmult_le_pos; [lra |].
    apply Rplus_le_le_0_compat; [apply Rmult_le_pos |]; lra. }
  destruct (Rle_lt_dec (q w) 0) as [Hle | Hgt]; [exact Hle |].
  pose proof (Rmult_lt_0_compat (q w) w1 Hgt); nra.
Qed.

(** The sign of [1 - z/s - z/s^3], with [s = root z], is the opposite of that of [q (s^2)]. *)
Lemma sign_by_q (z : R) :
  (root z ^ 3) ^ 2 - (z * (root z ^ 2 + 1)) ^ 2 = - q (root z ^ 2).
Proof.
  replace ((z * (root z ^ 2 + 1)) ^ 2) with (z ^ 2 * (root z ^ 2 + 1) ^ 2) by ring.
  replace (z ^ 2) with (root z ^ 2 - c ^ 2) by (rewrite root_squared; ring).
  unfold q; ring.
Qed.

Lemma derive_root (z : R) : is_derive root z (z / root z).
Proof.
  unfold root; pose proof (root_positive z) as Hroot; unfold root in Hroot.
  pose proof (pow_lt c 2 c_positive); pose proof (pow2_ge_0 z).
  auto_derive.
  - simpl in *; lra.
  - simpl in *; field; lra.
Qed.

Theorem A5_hazard_lower (z : R) : 0 <= z -> root z * (1 - Phi z) <= phi z.
Proof.
  intros Hz.
  enough (H : 0 <= phi z * / root z - (1 - Phi z)).
  { pose proof (root_positive z).
    apply (Rmult_le_compat_l (root z)) in H; [| lra].
    replace (root z * (phi z * / root z - (1 - Phi z)))
      with (phi z - root z * (1 - Phi z)) in H by (field; lra).
    lra. }
  revert z Hz.
  apply rises_then_falls with
    (G' := fun z => phi z * / root z ^ 3 * (root z ^ 3 - z * (root z ^ 2 + 1))).
  - intros z; pose proof (root_positive z).
    assert (DPhi : Derive (fun t : R => Phi t) z = phi z)
      by (apply is_derive_unique, derive_Phi).
    assert (Dphi : Derive (fun t : R => phi t) z = - z * phi z)
      by (apply is_derive_unique, derive_phi).
    assert (Droot : Derive (fun t : R => root t) z = z / root z)
      by (apply is_derive_unique, derive_root).
    auto_derive.
    + split; [eexists; apply derive_phi |].
      split; [eexists; apply derive_root |].
      split; [lra | split; [eexists; apply derive_Phi | trivial]].
    + rewrite DPhi, Dphi, Droot; field; lra.
  - rewrite phi_with_c, Phi_0; unfold gauss, root; pose proof c_positive.
    replace (0 ^ 2 + c ^ 2) with (c ^ 2) by ring.
    rewrite sqrt_pow2 by lra.
    replace (- (0 ^ 2 / 2)) with 0 by field; rewrite exp_0; field; lra.
  - intros eps Heps z.
    destruct (tail_vanishes eps z Heps) as [y [Hzy [_ Htail]]].
    exists y; split; [exact Hzy |].
    pose proof (Rmult_lt_0_compat _ _ (phi_positive y)
                  (Rinv_0_lt_compat _ (root_positive y))); lra.
  - intros z Hz.
    (* the sign of the last factor is that of a difference of squares *)
    assert (Hfactor : forall y, 0 < phi y * / root y ^ 3).
    { intros y; apply Rmult_lt_0_compat; [apply phi_positive |].
      apply Rinv_0_lt_compat, pow_lt, root_positive. }
    assert (Hcube : forall y, 0 < root y ^ 3) by (intros; apply pow_lt, root_positive).
    assert (Hother : forall y, 0 <= y -> 0 <= y * (root y ^ 2 + 1)).
    { intros y Hy; pose proof (pow2_ge_0 (root y)); apply Rmult_le_pos; lra. }
    assert (Hrange : forall y u, 0 <= y <= u -> 0 < root y ^ 2 <= root u ^ 2).
    { intros y u Hyu; rewrite !root_squared; pose proof c_squared.
      pose proof (pow2_ge_0 y); pose proof (pow_incr y u 2 Hyu); lra. }
    destruct (Rle_lt_dec (q (root z ^ 2)) 0) as [Hle | Hgt]; [left | right]; intros y Hy.
    + pose proof (q_nonpositive_before _ _ (Hrange y z Hy) Hle).
      pose proof (sign_by_q y).
      specialize (Hfactor y); specialize (Hcube y); specialize (Hother y ltac:(lra)).
      apply Rmult_le_pos; [lra |].
      nra.
    + destruct (Rle_lt_dec (q (root y ^ 2)) 0) as [Hqy | Hqy].
      * pose proof (q_nonpositive_before _ _ (Hrange z y ltac:(lra)) Hqy); lra.
      * pose proof (sign_by_q y).
        specialize (Hfactor y); specialize (Hcube y); specialize (Hother y ltac:(lra)).
        assert (root y ^ 3 - y * (root y ^ 2 + 1) <= 0) by nra.
        nra.
Qed.

(** ** The bounds on the radius *)

Section Radius.

Variables sigma t : R.
Hypothesis sigma_positive : 0 < sigma.
Hypothesis t_range : 0 < t <= 1/2.

Let l : R := ln (1 / (2 * t)).
Let z : R := Q (1 - t).

Lemma z_nonneg : 0 <= z.
Proof. apply Q_nonnegative; lra. Qed.

Lemma tail_of_z : 1 - Phi z = t.
Proof. unfold z; rewrite Phi_Q; lra. Qed.

Lemma t_of_l : t = 1/2 * exp (- l).
Proof.
  unfold l; rewrite exp_Ropp, exp_ln.
  - field; lra.
  - apply Rdiv_lt_0_compat; lra.
Qed.

(** The tail bounds in terms of [l]. *)
Lemma log_bounds : z ^ 2 / 2 <= l <= z ^ 2 / 2 + c * z.
Proof.
  pose proof (A5_tail_upper z z_nonneg) as Hupper.
  pose proof (A5_tail_lower z z_nonneg) as Hlower.
  rewrite tail_of_z, t_of_l in *; unfold gauss in *.
  rewrite <- exp_plus in Hlower.
  split.
  - enough (- l <= - (z ^ 2 / 2)) by lra.
    apply exp_le_inv; lra.
  - enough (- (z ^ 2 / 2) + - (c * z) <= - l) by lra.
    apply exp_le_inv; lra.
Qed.

(** For every tail [t] in (0, 1/2], with [l = ln (1 / (2 t))], the radius is at most
    [sigma sqrt (2 l)]. *)
Theorem A5_upper : Radius sigma (1 - t) <= sigma * sqrt (2 * l).
Proof.
  apply Rmult_le_compat_l; [lra |]; fold z.
  rewrite <- (sqrt_pow2 z z_nonneg).
  apply sqrt_le_1_alt; pose proof log_bounds; lra.
Qed.

(** It is at least [sigma (sqrt (c^2 + 2 l) - c)], with [c = sqrt (2 / PI)]. *)
Theorem A5_lower : sigma * (sqrt (c ^ 2 + 2 * l) - c) <= Radius sigma (1 - t).
Proof.
  apply Rmult_le_compat_l; [lra |]; fold z.
  pose proof c_positive; pose proof z_nonneg; pose proof log_bounds.
  enough (sqrt (c ^ 2 + 2 * l) <= z + c) by lra.
  rewrite <- (sqrt_pow2 (z + c)) by lra.
  apply sqrt_le_1_alt; nra.
Qed.

(** The sensitivity at [1 - t] is at least [sigma / (t (sqrt (2 l) + c))]. *)
Theorem A5_sensitivity_lower :
  sigma / (t * (sqrt (2 * l) + c)) <= sensitivity sigma (1 - t).
Proof.
  pose proof c_positive; pose proof z_nonneg as Hz; pose proof log_bounds.
  pose proof (phi_positive z); pose proof (sqrt_pos (2 * l)).
  destruct (A2 sigma (1 - t) ltac:(lra)) as [_ <-]; fold z.
  apply Rmult_le_compat_l; [lra |].
  apply Rinv_le_contravar; [assumption |].
  pose proof (A5_hazard_upper z Hz) as Hhazard; rewrite tail_of_z in Hhazard.
  assert (Hroot : z <= sqrt (2 * l)).
  { rewrite <- (sqrt_pow2 z Hz) at 1; apply sqrt_le_1_alt; lra. }
  nra.
Qed.

(** It is at most [sigma / (t sqrt (y^2 + c^2))], with [y = sqrt (c^2 + 2 l) - c]. *)
Theorem A5_sensitivity_upper :
  let y := sqrt (c ^ 2 + 2 * l) - c in
  sensitivity sigma (1 - t) <= sigma / (t * sqrt (y ^ 2 + c ^ 2)).
Proof.
  intros y.
  pose proof c_positive; pose proof z_nonneg as Hz; pose proof log_bounds.
  pose proof (phi_positive z); pose proof (root_positive y) as Hroot.
  destruct (A2 sigma (1 - t) ltac:(lra)) as [_ <-]; fold z.
  apply Rmult_le_compat_l; [lra |].
  fold (root y).
  apply Rinv_le_contravar; [apply Rmult_lt_0_compat; lra |].
  pose proof (A5_hazard_lower z Hz) as Hhazard; rewrite tail_of_z in Hhazard.
  assert (Hy : 0 <= y <= z).
  { unfold y; split.
    - enough (c <= sqrt (c ^ 2 + 2 * l)) by lra.
      rewrite <- (sqrt_pow2 c) at 1 by lra.
      apply sqrt_le_1_alt; pose proof (pow2_ge_0 z); lra.
    - enough (sqrt (c ^ 2 + 2 * l) <= z + c) by lra.
      rewrite <- (sqrt_pow2 (z + c)) by lra.
      apply sqrt_le_1_alt; nra. }
  assert (Hmonotone : root y <= root z).
  { apply sqrt_le_1_alt; pose proof (pow_incr y z 2 Hy); lra. }
  nra.
Qed.

End Radius.

