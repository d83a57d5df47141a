(** * G1: the truncated Krichevsky-Trofimov mixture

    Statement.  Mix the likelihood ratios over an interval instead of finitely many
    [theta]: over [theta s] with weight [w s >= 0], [s] from [a] to [b].  If every
    [theta s] lies in [q, 1], the mixture is a supermartingale for every [p <= q].

    The Krichevsky-Trofimov mixture has the density [1 / sqrt (theta (1-theta))] (up to a
    constant), which is infinite at 1.  Written with the angle [s], [theta = (sin s)^2],
    it is the uniform mixture: over the angles from [asin (sqrt q)] to [PI/2] for the
    mixture truncated to [theta >= q].  So
    - its wealth [kt q k j] starts at 1, is nonnegative, and is a supermartingale for
      every [p <= q];
    - G1: stopping when it reaches [1/alpha] errs with probability at most [alpha];
    - G2: the bound at most every [q] with [kt q k j < 1/alpha] holds at all times at once;
    - it is the beta integral of the theory: the integral over the angles from [a] to [b]
      of [2 (sin s)^(2k) (cos s)^(2j)] is that of
      [theta^k (1-theta)^j / sqrt (theta (1-theta))] from [(sin a)^2] to [(sin b)^2].

    Idea.  The integral respects the one-step inequality, point by point. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List Bool.
From RSTheory Require Import Setting Convexity BinomialLaw Paths G1.
Open Scope R_scope.

(** ** Mixtures over an interval *)

Section Interval.

Variables (a b q : R) (w theta : R -> R).
Hypothesis a_le_b : a <= b.
Hypothesis q_01 : 0 < q < 1.
Hypothesis w_nonneg : forall s, a < s < b -> 0 <= w s.
Hypothesis theta_above : forall s, a < s < b -> q <= theta s <= 1.
Hypothesis integrable : forall k j, ex_RInt (fun s => w s * ratio (theta s) q k j) a b.

Definition interval_mixture (k j : nat) : R :=
  RInt (fun s => w s * ratio (theta s) q k j) a b.

Lemma interval_mixture_nonneg : nonnegative interval_mixture.
Proof.
  intros k j; apply RInt_ge_0; [exact a_le_b | apply integrable |].
  intros s Hs; apply Rmult_le_pos; [now apply w_nonneg |].
  apply ratio_nonneg; [exact q_01 |]; pose proof (theta_above s Hs); unfold in_01; lra.
Qed.

(** A mixture over an interval of alternatives [theta >= q], with any weight, is a
    supermartingale for every [p <= q]. *)
Theorem G1_interval_mixture (p : R) : p <= q -> supermartingale p interval_mixture.
Proof.
  intros Hp k j; unfold interval_mixture.
  pose proof (RInt_correct _ _ _ (integrable k (S j))) as Hfail.
  pose proof (RInt_correct _ _ _ (integrable (S k) j)) as Hsucc.
  set (I := RInt (fun s => w s * ratio (theta s) q k (S j)) a b) in *.
  set (J := RInt (fun s => w s * ratio (theta s) q (S k) j) a b) in *.
  apply (is_RInt_scal (V := R_NormedModule) _ _ _ (1 - p)) in Hfail.
  apply (is_RInt_scal (V := R_NormedModule) _ _ _ p) in Hsucc.
  pose proof (is_RInt_plus (V := R_NormedModule) _ _ _ _ _ _ Hfail Hsucc) as Hboth.
  apply (is_RInt_le _ _ a b _ _ a_le_b Hboth (RInt_correct _ _ _ (integrable k j))).
  intros s Hs; unfold plus, scal; simpl; unfold mult; simpl.
  pose proof (ratio_supermartingale (theta s) p q q_01 (theta_above s Hs) Hp k j) as Hone.
  apply (Rmult_le_compat_l (w s)) in Hone; [| now apply w_nonneg]; lra.
Qed.

End Interval.

(** ** The Krichevsky-Trofimov mixture, truncated *)

(** The angle at which [theta] is [q]. *)
Definition angle (q : R) : R := asin (sqrt q).

(** The wealth against [q]: the mean of the likelihood ratio over the angles with
    [theta >= q]. *)
Definition kt (q : R) (k j : nat) : R :=
  RInt (fun s => / (PI/2 - angle q) * ratio (sin s ^ 2) q k j) (angle q) (PI/2).

Lemma angle_range (q : R) : 0 < q < 1 -> 0 < angle q < PI/2.
Proof.
  intros Hq; unfold angle.
  assert (Hroot : 0 < sqrt q < 1).
  { split; [now apply sqrt_lt_R0 |].
    rewrite <- sqrt_1; apply sqrt_lt_1; lra. }
  pose proof (asin_bound_lt (sqrt q) ltac:(lra)) as [_ Hup]; split; [| exact Hup].
  rewrite <- asin_0; destruct (Rlt_le_dec (asin 0) (asin (sqrt q))) as [H | H]; [exact H |].
  exfalso.
  pose proof (asin_bound 0); pose proof (asin_bound (sqrt q)).
  pose proof (sin_incr_1 (asin (sqrt q)) (asin 0)
    ltac:(lra) ltac:(lra) ltac:(lra) ltac:(lra) H) as Hsin.
  rewrite !sin_asin in Hsin; lra.
Qed.

Lemma sin_angle (q : R) : 0 < q < 1 -> sin (angle q) ^ 2 = q.
Proof.
  intros Hq; unfold angle; rewrite sin_asin.
  - simpl; rewrite Rmult_1_r; apply sqrt_sqrt; lra.
  - split; [pose proof (sqrt_pos q); lra |].
    rewrite <- sqrt_1; apply sqrt_le_1; lra.
Qed.

(** On these angles [theta] lies in [q, 1]. *)
Lemma theta_of_angle (q s : R) :
  0 < q < 1 -> angle q <= s <= PI/2 -> q <= sin s ^ 2 <= 1.
Proof.
  intros Hq Hs; pose proof (angle_range q Hq) as Ha.
  split.
  - rewrite <- (sin_angle q Hq) at 1.
    assert (Hlow : 0 <= sin (angle q)) by (apply sin_ge_0; lra).
    apply pow_incr; split; [exact Hlow |].
    apply sin_incr_1; lra.
  - pose proof (SIN_bound s); simpl; nra.
Qed.

Lemma kt_continuous (q s : R) (k j : nat) :
  0 < q < 1 -> continuous (fun s => / (PI/2 - angle q) * ratio (sin s ^ 2) q k j) s.
Proof.
  intros Hq; apply (ex_derive_continuous (V := R_NormedModule)).
  unfold ratio; auto_derive; trivial.
Qed.

Lemma kt_integrable (q : R) (k j : nat) :
  0 < q < 1 ->
  ex_RInt (fun s => / (PI/2 - angle q) * ratio (sin s ^ 2) q k j) (angle q) (PI/2).
Proof.
  intros Hq; apply (ex_RInt_continuous (V := R_CompleteNormedModule)).
  intros s _; now apply kt_continuous.
Qed.

(** The mixture starts at 1. *)
Theorem kt_start (q : R) : 0 < q < 1 -> kt q 0 0 = 1.
Proof.
  intros Hq; pose proof (angle_range q Hq).
  unfold kt; rewrite (RInt_ext _ (fun _ => / (PI/2 - angle q))).
  - rewrite RInt_const; change ((PI/2 - angle q) * / (PI/2 - angle q) = 1).
    apply Rinv_r; lra.
  - intros s _; rewrite ratio_start; apply Rmult_1_r.
Qed.

(** It is nonnegative, and a supermartingale for every [p <= q]. *)
Theorem kt_supermartingale (p q : R) :
  0 < q < 1 -> p <= q -> supermartingale p (kt q) /\ nonnegative (kt q).
Proof.
  intros Hq Hp; pose proof (angle_range q Hq) as Ha.
  assert (Hweight : forall s : R, angle q < s < PI/2 -> 0 <= / (PI/2 - angle q)).
  { intros s _; apply Rlt_le, Rinv_0_lt_compat; lra. }
  assert (Htheta : forall s : R, angle q < s < PI/2 -> q <= sin s ^ 2 <= 1).
  { intros s Hs; apply theta_of_angle; lra. }
  split.
  - apply (G1_interval_mixture (angle q) (PI/2) q (fun _ => / (PI/2 - angle q))
             (fun s => sin s ^ 2)); trivial; try lra.
    intros k j; now apply kt_integrable.
  - apply (interval_mixture_nonneg (angle q) (PI/2) q (fun _ => / (PI/2 - angle q))
             (fun s => sin s ^ 2)); trivial; try lra.
    intros k j; now apply kt_integrable.
Qed.

(** If [p <= q], a run of at most [N] draws that may stop at any time, for any reason,
    ends with a truncated mixture against [q] of at least [1/alpha] with probability at
    most [alpha]. *)
Theorem G1 (p q alpha : R) (N : nat) (T : list bool -> nat) :
  in_01 p -> 0 < q < 1 -> p <= q -> 0 < alpha ->
  over_paths N (fun w => indicator
    (if Rle_dec (/ alpha) (after (kt q) (firstn (T w) w)) then true else false)) p <= alpha.
Proof.
  intros Hp Hq Hpq Halpha; destruct (kt_supermartingale p q Hq Hpq) as [Hsuper Hnonneg].
  apply G1_stopped; trivial; rewrite kt_start by exact Hq; lra.
Qed.

(** The bound that is at most every [q] not rejected exceeds [p] at some time within
    [N] draws with probability at most [alpha]. *)
Theorem G2_kt (p alpha : R) (L : nat -> nat -> R) (N : nat) :
  0 < p < 1 -> 0 < alpha -> anytime_bound alpha kt L ->
  over_paths N (fun w => indicator
    (ever (fun k j => if Rlt_dec p (L k j) then true else false) 0 0 w)) p <= alpha.
Proof.
  intros Hp Halpha HL; destruct (kt_supermartingale p p Hp (Rle_refl p)) as [Hsuper Hnonneg].
  apply (G2 p alpha kt L N); trivial; rewrite kt_start by exact Hp; lra.
Qed.

(** ** It is the beta integral *)

(** Up to any angle below [PI/2], the uniform mixture over the angle is the mixture with
    density [1 / (2 sqrt (theta (1-theta)))] over [theta]. *)
Theorem kt_is_beta_integral (k j : nat) (a b : R) :
  0 < a -> a <= b -> b < PI/2 ->
  2 * RInt (fun s => (sin s ^ 2) ^ k * (1 - sin s ^ 2) ^ j) a b
  = RInt (fun t => t ^ k * (1 - t) ^ j / sqrt (t * (1 - t))) (sin a ^ 2) (sin b ^ 2).
Proof.
  intros Ha Hab Hb.
  assert (Hinside : forall s, Rmin a b <= s <= Rmax a b -> 0 < sin s /\ 0 < cos s).
  { intros s Hs; rewrite Rmin_left, Rmax_right in Hs by lra.
    split; [apply sin_gt_0 | apply cos_gt_0]; lra. }
  assert (Hcos : forall s, 1 - sin s ^ 2 = cos s ^ 2).
  { intros s; pose proof (sin2_cos2 s) as H; unfold Rsqr in H; simpl; lra. }
  rewrite <- (RInt_comp (fun t => t ^ k * (1 - t) ^ j / sqrt (t * (1 - t)))
                (fun s => sin s ^ 2) (fun s => 2 * (sin s * cos s)) a b).
  - set (h := fun s => (sin s ^ 2) ^ k * (1 - sin s ^ 2) ^ j).
    assert (Hh : ex_RInt h a b).
    { apply (ex_RInt_continuous (V := R_CompleteNormedModule)); intros s _.
      apply (ex_derive_continuous (V := R_NormedModule)); unfold h; auto_derive; trivial. }
    transitivity (RInt (fun s => scal 2 (h s)) a b).
    + symmetry; exact (RInt_scal (V := R_CompleteNormedModule) h a b 2 Hh).
    + apply RInt_ext; intros s Hs.
      destruct (Hinside s ltac:(lra)) as [Hsin Hcospos].
      assert (Hroot : sqrt (sin s ^ 2 * (1 - sin s ^ 2)) = sin s * cos s).
      { rewrite Hcos, <- Rpow_mult_distr; apply sqrt_pow2.
        apply Rmult_le_pos; lra. }
      unfold h; rewrite Hroot; unfold scal; simpl; unfold mult; simpl.
      generalize ((sin s * (sin s * 1)) ^ k) ((1 - sin s * (sin s * 1)) ^ j).
      intros x y; field; lra.
  - intros s Hs; destruct (Hinside s Hs) as [Hsin Hcospos].
    assert (Hpos : 0 < sin s ^ 2 * (1 - sin s ^ 2)).
    { rewrite Hcos; apply Rmult_lt_0_compat; now apply pow_lt. }
    apply (ex_derive_continuous (V := R_NormedModule)); auto_derive.
    replace (sin s * (sin s * 1)) with (sin s ^ 2) by ring.
    repeat split; [exact Hpos | apply Rgt_not_eq, sqrt_lt_R0, Hpos].
  - intros s _; split.
    + auto_derive; trivial; ring.
    + apply (ex_derive_continuous (V := R_NormedModule)); auto_derive; trivial.
Qed.

(** In the limit of the whole interval: the improper beta integral up to [theta = 1]. *)
Theorem kt_is_beta_integral_to_1 (k j : nat) (a : R) :
  0 < a < PI/2 ->
  filterlim (fun b => RInt (fun t => t ^ k * (1 - t) ^ j / sqrt (t * (1 - t)))
                        (sin a ^ 2) (sin b ^ 2))
    (at_left (PI/2))
    (locally (2 * RInt (fun s => (sin s ^ 2) ^ k * (1 - sin s ^ 2) ^ j) a (PI/2))).
Proof.
  intros Ha.
  set (h := fun s => (sin s ^ 2) ^ k * (1 - sin s ^ 2) ^ j).
  assert (Hh : forall s, continuous h s).
  { intros s; apply (ex_derive_continuous (V := R_NormedModule)); unfold h; auto_derive; trivial. }
  apply filterlim_ext_loc with (f := fun b => 2 * RInt h a b).
  - assert (Hgap : 0 < PI/2 - a) by lra.
    exists (mkposreal _ Hgap); intros b Hb Hlt.
    unfold ball in Hb; simpl in Hb; unfold AbsRing_ball, abs, minus, plus, opp in Hb; simpl in Hb.
    apply Rabs_lt_between in Hb.
    apply kt_is_beta_integral; lra.
  - assert (Hcontinuous : continuous (fun b => 2 * RInt h a b) (PI/2)).
    { apply (continuous_mult (K := R_AbsRing) (fun _ => 2) (RInt h a)).
      - apply continuous_const.
      - apply (ex_derive_continuous (V := R_NormedModule)).
        exists (h (PI/2)); apply is_derive_RInt with (a := a); [| apply Hh].
        apply filter_forall; intros x; apply (RInt_correct (V := R_CompleteNormedModule)).
        apply (ex_RInt_continuous (V := R_CompleteNormedModule)); intros s _; apply Hh. }
    intros P HP; generalize (Hcontinuous P HP); unfold filtermap, at_left, within.
    apply filter_imp; auto.
Qed.
