(** * Gaussian: the standard normal distribution function and its quantile

    Statement.  Let [phi t = exp (-t^2/2) / sqrt (2 pi)] and
    [Phi x = 1/2 + integral of phi from 0 to x].  Then [Phi' = phi], [Phi] is
    strictly increasing with [Phi 0 = 1/2] and [Phi (-x) = 1 - Phi x], it tends to
    1 at infinity (the Gaussian integral) and takes its values in (0, 1), every
    one of them.  Its inverse [Q] on (0, 1) is the quantile function.

    Idea of the Gaussian integral (the classical one without double integrals).
    With [I x] the integral of [exp (-t^2/2)] from 0 to [x], and [J x] the integral
    of [exp (-x^2 (1+t^2)/2) / (1+t^2)] for [t] from 0 to 1, the function
    [I^2 + 2 J] has derivative 0: differentiate [J] under the integral sign and
    substitute [s = x t].  At 0 it is [2 atan 1 = pi/2]; at infinity [J] vanishes,
    so [I^2] tends to [pi/2].

    The rest is the intermediate value theorem. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From RSTheory Require Import Setting.
Open Scope R_scope.

(** ** Definitions *)

Definition gauss (t : R) : R := exp (- (t ^ 2 / 2)).

Definition phi (t : R) : R := gauss t / sqrt (2 * PI).

Definition Phi (x : R) : R := 1/2 + RInt phi 0 x.

Lemma sqrt_2PI_positive : 0 < sqrt (2 * PI).
Proof. apply sqrt_lt_R0; pose proof PI_RGT_0; lra. Qed.

Lemma phi_positive (t : R) : 0 < phi t.
Proof. apply Rdiv_lt_0_compat; [apply exp_pos | apply sqrt_2PI_positive]. Qed.

Lemma continuous_gauss (t : R) : continuous gauss t.
Proof.
  apply (ex_derive_continuous (V := R_NormedModule)).
  unfold gauss; auto_derive; trivial.
Qed.

Lemma continuous_phi (t : R) : continuous phi t.
Proof.
  apply (ex_derive_continuous (V := R_NormedModule)).
  unfold phi, gauss; auto_derive; trivial.
Qed.

Lemma ex_RInt_gauss (a b : R) : ex_RInt gauss a b.
Proof.
  apply (ex_RInt_continuous (V := R_CompleteNormedModule)); intros; apply continuous_gauss.
Qed.

(** ** The Gaussian integral *)

Definition I (x : R) : R := RInt gauss 0 x.

Definition J_integrand (x t : R) : R := gauss x * gauss (x * t) / (1 + t ^ 2).

Definition J (x : R) : R := RInt (J_integrand x) 0 1.

Lemma one_plus_square (t : R) : 0 < 1 + t ^ 2.
Proof. pose proof (pow2_ge_0 t); lra. Qed.

Lemma derive_I (x : R) : is_derive I x (gauss x).
Proof.
  apply (is_derive_RInt (V := R_NormedModule) gauss I 0).
  - apply filter_forall; intros y.
    apply (RInt_correct (V := R_CompleteNormedModule)), ex_RInt_gauss.
  - apply continuous_gauss.
Qed.

(** The factor [1 + t^2] that the derivative brings cancels the denominator. *)
Lemma derive_J_integrand (x t : R) :
  is_derive (fun u => J_integrand u t) x (- gauss x * (x * gauss (x * t))).
Proof.
  pose proof (one_plus_square t) as Hpos; simpl in Hpos.
  unfold J_integrand, gauss; auto_derive; [lra |].
  simpl; unfold Rdiv; field; lra.
Qed.

Lemma ex_RInt_J (x : R) : ex_RInt (J_integrand x) 0 1.
Proof.
  apply (ex_RInt_continuous (V := R_CompleteNormedModule)); intros t _.
  apply (ex_derive_continuous (V := R_NormedModule)).
  pose proof (one_plus_square t) as Hpos; simpl in Hpos.
  unfold J_integrand, gauss; auto_derive; lra.
Qed.

Lemma continuity_2d_gauss (g : R -> R -> R) (x y : R) :
  continuity_2d_pt g x y -> continuity_2d_pt (fun u v => gauss (g u v)) x y.
Proof.
  intros Hg; apply continuity_1d_2d_pt_comp; [| exact Hg].
  apply continuity_pt_filterlim, continuous_gauss.
Qed.

Lemma derive_J (x : R) : is_derive J x (- (gauss x * I x)).
Proof.
  assert (Hderive : forall y t,
    Derive (fun u => J_integrand u t) y = - gauss y * (y * gauss (y * t))).
  { intros y t; apply is_derive_unique, derive_J_integrand. }
  (* differentiation under the integral sign *)
  assert (Hparam : is_derive J x
    (RInt (fun t => Derive (fun u => J_integrand u t) x) 0 1)).
  { apply is_derive_RInt_param.
    - apply filter_forall; intros y t _.
      eexists; apply derive_J_integrand.
    - intros t _.
      apply continuity_2d_pt_ext with
        (f := fun u v => - gauss u * (u * gauss (u * v))).
      { intros u v; symmetry; apply Hderive. }
      apply continuity_2d_pt_mult.
      + apply continuity_2d_pt_opp, continuity_2d_gauss, continuity_2d_pt_id1.
      + apply continuity_2d_pt_mult; [apply continuity_2d_pt_id1 |].
        apply continuity_2d_gauss, continuity_2d_pt_mult;
          [apply continuity_2d_pt_id1 | apply continuity_2d_pt_id2].
    - apply filter_forall; intros y; apply ex_RInt_J. }
  (* the substitution s = x t *)
  assert (Hsubstitute : RInt (fun t => x * gauss (x * t)) 0 1 = I x).
  { pose proof (RInt_comp_lin (V := R_CompleteNormedModule) gauss x 0 0 1
                  (ex_RInt_gauss _ _)) as Hlin.
    replace (x * 0 + 0) with 0 in Hlin by ring.
    replace (x * 1 + 0) with x in Hlin by ring.
    unfold I; rewrite <- Hlin.
    apply RInt_ext; intros t _.
    rewrite Rplus_0_r; reflexivity. }
  replace (- (gauss x * I x))
    with (RInt (fun t => Derive (fun u => J_integrand u t) x) 0 1); [exact Hparam |].
  rewrite (RInt_ext (V := R_CompleteNormedModule) _
             (fun t => scal (- gauss x) (x * gauss (x * t))))
    by (intros t _; apply Hderive).
  rewrite (RInt_scal (V := R_CompleteNormedModule) (fun t => x * gauss (x * t))).
  - rewrite Hsubstitute.
    unfold scal; simpl; unfold mult; simpl; ring.
  - apply (ex_RInt_continuous (V := R_CompleteNormedModule)); intros t _.
    apply (ex_derive_continuous (V := R_NormedModule)).
    unfold gauss; auto_derive; trivial.
Qed.

(** A function with derivative 0 is constant. *)
Lemma constant_of_derive_0 (f : R -> R) :
  (forall x, is_derive f x 0) -> forall x, f x = f 0.
Proof.
  intros Hf x.
  destruct (MVT_gen f 0 x (fun _ => 0)) as [c [_ Hc]].
  - intros y _; apply Hf.
  - intros y _; apply continuity_pt_filterlim.
    apply (ex_derive_continuous (V := R_NormedModule)); eexists; apply Hf.
  - lra.
Qed.

Lemma J_at_0 : J 0 = PI / 4.
Proof.
  rewrite <- atan_1.
  replace (atan 1) with (minus (atan 1) (atan 0))
    by (rewrite atan_0; unfold minus, plus, opp; simpl; ring).
  apply is_RInt_unique.
  apply (is_RInt_derive (V := R_CompleteNormedModule) atan (J_integrand 0)).
  - intros t _.
    replace (J_integrand 0 t) with (/ (1 + t ^ 2)).
    + auto_derive; trivial; field; pose proof (one_plus_square t); lra.
    + unfold J_integrand, gauss.
      replace (0 * t) with 0 by ring.
      replace (- (0 ^ 2 / 2)) with 0 by field.
      rewrite exp_0; unfold Rdiv; ring.
  - intros t _; apply (ex_derive_continuous (V := R_NormedModule)).
    pose proof (one_plus_square t) as Hpos; simpl in Hpos.
    unfold J_integrand, gauss; auto_derive; lra.
Qed.

(** The conserved quantity. *)
Lemma I_squared (x : R) : I x ^ 2 = PI / 2 - 2 * J x.
Proof.
  assert (Hconstant : I x ^ 2 + 2 * J x = I 0 ^ 2 + 2 * J 0).
  { apply (constant_of_derive_0 (fun y => I y ^ 2 + 2 * J y)); intros y.
    pose proof (derive_I y) as HI.
    pose proof (derive_J y) as HJ.
    auto_derive.
    - split; [| split; [| trivial]]; eexists; eassumption.
    - assert (DI : Derive (fun t : R => I t) y = gauss y) by (now apply is_derive_unique).
      assert (DJ : Derive (fun t : R => J t) y = - (gauss y * I y))
        by (now apply is_derive_unique).
      rewrite DI, DJ; ring. }
  assert (HI0 : I 0 = 0) by (unfold I; apply (RInt_point (V := R_CompleteNormedModule))).
  rewrite HI0, J_at_0 in Hconstant; lra.
Qed.

Lemma gauss_positive (t : R) : 0 < gauss t.
Proof. apply exp_pos. Qed.

Lemma gauss_at_most_1 (t : R) : gauss t <= 1.
Proof.
  unfold gauss; rewrite <- exp_0.
  destruct (pow2_ge_0 t) as [Hpos | Hzero].
  - apply Rlt_le, exp_increasing; lra.
  - rewrite <- Hzero; right; f_equal; lra.
Qed.

Lemma J_bounds (x : R) : 0 <= J x <= gauss x.
Proof.
  unfold J; split.
  - apply RInt_ge_0; [lra | apply ex_RInt_J |].
    intros t _; apply Rlt_le.
    unfold J_integrand.
    apply Rdiv_lt_0_compat; [| apply one_plus_square].
    apply Rmult_lt_0_compat; apply gauss_positive.
  - replace (gauss x) with (RInt (fun _ => gauss x) 0 1)
      by (rewrite RInt_const; unfold scal; simpl; unfold mult; simpl; ring).
    apply RInt_le; [lra | apply ex_RInt_J | apply ex_RInt_const |].
    intros t _; unfold J_integrand.
    pose proof (gauss_positive x); pose proof (gauss_at_most_1 (x * t)).
    pose proof (pow2_ge_0 t); pose proof (one_plus_square t).
    apply (Rmult_le_reg_r (1 + t ^ 2)); [assumption |].
    unfold Rdiv; rewrite Rmult_assoc, Rinv_l by lra.
    nra.
Qed.

Lemma gauss_vanishes : is_lim gauss p_infty 0.
Proof.
  unfold gauss; apply is_lim_comp with m_infty.
  - apply is_lim_exp_m.
  - apply is_lim_spec; intros M; simpl.
    exists (Rmax 1 (- 2 * M)); intros x Hx.
    pose proof (Rmax_l 1 (- 2 * M)); pose proof (Rmax_r 1 (- 2 * M)).
    nra.
  - apply filter_forall; intros y; discriminate.
Qed.

Lemma J_vanishes : is_lim J p_infty 0.
Proof.
  apply (is_lim_le_le_loc (fun _ => 0) gauss).
  - apply filter_forall; intros x; apply J_bounds.
  - apply is_lim_const.
  - exact gauss_vanishes.
Qed.

Lemma I_nonneg (x : R) : 0 <= x -> 0 <= I x.
Proof.
  intros Hx; apply RInt_ge_0; [exact Hx | apply ex_RInt_gauss |].
  intros t _; apply Rlt_le, gauss_positive.
Qed.

(** The integral of [exp (- x^2 / 2)] over the half line is [sqrt (PI / 2)]. *)
Theorem gaussian_integral : is_lim I p_infty (sqrt (PI / 2)).
Proof.
  apply is_lim_ext_loc with (f := fun x => sqrt (PI / 2 - 2 * J x)).
  - exists 0; intros x Hx.
    rewrite <- I_squared.
    simpl; rewrite Rmult_1_r.
    apply sqrt_square, I_nonneg; lra.
  - apply is_lim_comp_continuous.
    + replace (Finite (PI / 2)) with (Finite (PI / 2 - 2 * 0)) by (f_equal; ring).
      apply is_lim_minus'; [apply is_lim_const |].
      exact (is_lim_scal_l J 2 p_infty 0 J_vanishes).
    + apply continuous_sqrt.
Qed.

(** ** The distribution function *)

Lemma RInt_phi (x : R) : RInt phi 0 x = I x / sqrt (2 * PI).
Proof.
  rewrite (RInt_ext (V := R_CompleteNormedModule) _
             (fun t => scal (/ sqrt (2 * PI)) (gauss t)))
    by (intros t _; unfold phi, scal; simpl; unfold mult; simpl; apply Rmult_comm).
  rewrite (RInt_scal (V := R_CompleteNormedModule) gauss) by apply ex_RInt_gauss.
  unfold scal; simpl; unfold mult; simpl; unfold I, Rdiv; ring.
Qed.

Theorem derive_Phi (x : R) : is_derive Phi x (phi x).
Proof.
  apply is_derive_ext with (f := fun y => 1/2 + I y / sqrt (2 * PI)).
  { intros y; unfold Phi; now rewrite RInt_phi. }
  pose proof sqrt_2PI_positive.
  pose proof (derive_I x) as HI.
  assert (DI : Derive (fun t : R => I t) x = gauss x) by (now apply is_derive_unique).
  auto_derive.
  - eexists; exact HI.
  - rewrite DI; unfold phi; field; lra.
Qed.

Lemma continuous_Phi (x : R) : continuous Phi x.
Proof.
  apply (ex_derive_continuous (V := R_NormedModule)).
  eexists; apply derive_Phi.
Qed.

(** The mean value theorem for [Phi]; used again for the derivative of [Q]. *)
Lemma Phi_mean_value (x y : R) :
  exists c, Rmin x y <= c <= Rmax x y /\ Phi y - Phi x = phi c * (y - x).
Proof.
  apply (MVT_gen Phi x y phi).
  - intros c _; apply derive_Phi.
  - intros c _; apply continuity_pt_filterlim, continuous_Phi.
Qed.

(** The normal distribution function is strictly increasing. *)
Theorem Phi_increasing : strictly_increasing Phi.
Proof.
  intros x y Hxy.
  destruct (Phi_mean_value x y) as [c [_ Hc]].
  pose proof (Rmult_lt_0_compat _ _ (phi_positive c) (Rlt_Rminus _ _ Hxy)); lra.
Qed.

Theorem Phi_0 : Phi 0 = 1/2.
Proof.
  unfold Phi; rewrite (RInt_point (V := R_CompleteNormedModule)).
  unfold zero; simpl; lra.
Qed.

Theorem Phi_opp (x : R) : Phi (- x) = 1 - Phi x.
Proof.
  assert (Hconstant : Phi x + Phi (- x) = Phi 0 + Phi (- 0)).
  { apply (constant_of_derive_0 (fun y => Phi y + Phi (- y))); intros y.
    pose proof (derive_Phi y) as H1.
    pose proof (derive_Phi (- y)) as H2.
    assert (D1 : Derive (fun t : R => Phi t) y = phi y) by (now apply is_derive_unique).
    assert (D2 : Derive (fun t : R => Phi t) (- y) = phi (- y))
      by (now apply is_derive_unique).
    auto_derive.
    - split; [eexists; exact H1 | split; [eexists; exact H2 | trivial]].
    - rewrite D1, D2.
      replace (phi (- y)) with (phi y); [ring |].
      unfold phi, gauss; now replace ((- y) ^ 2) with (y ^ 2) by ring. }
  rewrite Ropp_0, Phi_0 in Hconstant; lra.
Qed.

(** ** The range of [Phi] is (0, 1) *)

Theorem Phi_limit : is_lim Phi p_infty 1.
Proof.
  apply is_lim_ext with (f := fun x => 1/2 + / sqrt (2 * PI) * I x).
  { intros x; unfold Phi; rewrite RInt_phi; unfold Rdiv; ring. }
  assert (Hhalf : / sqrt (2 * PI) * sqrt (PI / 2) = 1/2).
  { pose proof PI_RGT_0.
    replace (2 * PI) with (PI / 2 * (2 * 2)) by field.
    rewrite sqrt_mult, sqrt_square by lra.
    field; apply Rgt_not_eq, sqrt_lt_R0; lra. }
  replace (Finite 1) with (Finite (1/2 + / sqrt (2 * PI) * sqrt (PI / 2)))
    by (rewrite Hhalf; f_equal; lra).
  apply is_lim_plus'; [apply is_lim_const |].
  exact (is_lim_scal_l I (/ sqrt (2 * PI)) p_infty _ gaussian_integral).
Qed.

Lemma Phi_near_1 (p : R) : p < 1 -> exists x, 0 < x /\ p < Phi x.
Proof.
  intros Hp.
  pose proof Phi_limit as Hlimit.
  apply is_lim_spec in Hlimit; simpl in Hlimit.
  destruct (Hlimit (mkposreal (1 - p) ltac:(lra))) as [M HM]; simpl in HM.
  exists (Rmax 0 M + 1).
  pose proof (Rmax_l 0 M); pose proof (Rmax_r 0 M).
  split; [lra |].
  specialize (HM (Rmax 0 M + 1) ltac:(lra)).
  apply Rabs_lt_between in HM; lra.
Qed.

Lemma Phi_below_1 (x : R) : Phi x < 1.
Proof.
  destruct (Rlt_le_dec (Phi x) 1) as [Hlt | Hge]; [exact Hlt | exfalso].
  (* then Phi (x + 1) > 1, but Phi increases to its limit 1 *)
  assert (Hx1 : Phi x < Phi (x + 1)) by (apply Phi_increasing; lra).
  pose proof Phi_limit as Hlimit.
  apply is_lim_spec in Hlimit; simpl in Hlimit.
  destruct (Hlimit (mkposreal (Phi (x + 1) - 1) ltac:(lra))) as [M HM]; simpl in HM.
  set (y := Rmax (x + 1) M + 1).
  pose proof (Rmax_l (x + 1) M); pose proof (Rmax_r (x + 1) M).
  specialize (HM y ltac:(unfold y; lra)).
  assert (Hy : Phi (x + 1) < Phi y) by (apply Phi_increasing; unfold y; lra).
  apply Rabs_lt_between in HM; lra.
Qed.

(** Its values lie strictly between 0 and 1. *)
Theorem Phi_01 : valued_in_01 Phi.
Proof.
  intros x; split; [| apply Phi_below_1].
  pose proof (Phi_below_1 (- x)); rewrite Phi_opp in *; lra.
Qed.

(** ** The quantile function *)

Theorem quantile_exists (p : R) : 0 < p < 1 -> {x : R | Phi x = p}.
Proof.
  intros Hp.
  apply (IVT_Rbar_incr Phi m_infty p_infty 0 1 p) in Hp as [x [_ [_ Hx]]].
  - now exists x.
  - (* the limit at minus infinity, by symmetry *)
    apply is_lim_ext with (f := fun x => 1 - Phi (- x)).
    { intros x; rewrite Phi_opp; ring. }
    replace (Finite 0) with (Finite (1 - 1)) by (f_equal; ring).
    apply is_lim_minus'; [apply is_lim_const |].
    apply is_lim_comp with p_infty; [exact Phi_limit | |].
    + apply is_lim_spec; intros M; exists (- M); intros x Hx; lra.
    + apply filter_forall; intros x; discriminate.
  - exact Phi_limit.
  - intros x _ _; apply continuity_pt_filterlim, continuous_Phi.
  - simpl; trivial.
Qed.

(** [Q p] is the [p]-quantile for 0 < p < 1, and 0 elsewhere. *)
Definition Q (p : R) : R :=
  match Rlt_dec 0 p, Rlt_dec p 1 with
  | left H0, left H1 => proj1_sig (quantile_exists p (conj H0 H1))
  | _, _ => 0
  end.

(** The quantile is its inverse on (0, 1). *)
Theorem Phi_Q (p : R) : 0 < p < 1 -> Phi (Q p) = p.
Proof.
  intros [H0 H1]; unfold Q.
  destruct (Rlt_dec 0 p) as [H0' | ]; [| contradiction].
  destruct (Rlt_dec p 1) as [H1' | ]; [| contradiction].
  apply proj2_sig.
Qed.

Lemma Phi_reflects (x y : R) : Phi x < Phi y -> x < y.
Proof.
  intros H.
  destruct (Rtotal_order x y) as [Hlt | [Heq | Hgt]].
  - exact Hlt.
  - subst y; lra.
  - apply Phi_increasing in Hgt; lra.
Qed.

Lemma Phi_injective (x y : R) : Phi x = Phi y -> x = y.
Proof.
  intros H.
  destruct (Rtotal_order x y) as [Hlt | [Heq | Hgt]].
  - apply Phi_increasing in Hlt; lra.
  - exact Heq.
  - apply Phi_increasing in Hgt; lra.
Qed.

Theorem Q_Phi (x : R) : Q (Phi x) = x.
Proof. apply Phi_injective, Phi_Q, Phi_01. Qed.
