(** * B1 and B2: a constant classifier reaches every ACR, and at which budget

    Statement.  Let [Phi] be strictly increasing with values in (0, 1), let
    0 < alpha < 1, and let [z] satisfy [Phi z = alpha^(1/N)]: the quantile of the
    bound when all [N] draws agree, as they do on every sample that the constant
    classifier gets right.  Let [q] be the share of such samples.  Then

    - B2: [q * sigma * z > M] if and only if [N > ln alpha / ln Phi(M/(q sigma))];
    - with [q = 1/K]: [sigma * z / K > M] iff [N > ln alpha / ln Phi(MK/sigma)];
    - the smallest such [N] is the integer part of that ratio, plus one;
    - such an [N] exists for every [M], so
    - B1: the ACR of the constant classifier tends to infinity with the budget.

    Idea.  [x < z] iff [Phi x < Phi z = exp (ln alpha / N)] iff
    [ln (Phi x) < ln alpha / N]; both logarithms are negative, so dividing by
    [ln (Phi x)] turns the inequality round. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List Arith ZArith.
From RSTheory Require Import Setting.
Open Scope R_scope.

(** The budget at which the quantile of the full bound passes [x]. *)
Definition threshold (Phi : R -> R) (alpha x : R) : R :=
  ln alpha / ln (Phi x).

Section Budget.

Variable Phi : R -> R.
Hypothesis Phi_increasing : strictly_increasing Phi.
Hypothesis Phi_01 : valued_in_01 Phi.

Variable alpha : R.
Hypothesis alpha_01 : 0 < alpha < 1.

(** ** The quantile of the full bound *)

Lemma ln_negative (x : R) : 0 < x < 1 -> ln x < 0.
Proof.
  intros [Hpos Hlt1].
  rewrite <- ln_1.
  now apply ln_increasing.
Qed.

Lemma increasing_reflects (x y : R) : Phi x < Phi y -> x < y.
Proof.
  intros H.
  destruct (Rtotal_order x y) as [Hlt | [Heq | Hgt]].
  - exact Hlt.
  - subst y; lra.
  - apply Phi_increasing in Hgt; lra.
Qed.

(** The heart of the matter: [x < z] iff the budget passes the threshold of [x]. *)
Lemma quantile_exceeds_iff (N : nat) (z x : R) :
  (0 < N)%nat -> Phi z = full_bound alpha N ->
  (x < z <-> threshold Phi alpha x < INR N).
Proof.
  intros HN Hz.
  assert (HNpos : 0 < INR N) by (now apply lt_0_INR).
  pose proof (ln_negative (Phi x) (Phi_01 x)) as Hneg.
  assert (Hlnz : ln (Phi z) * INR N = ln alpha).
  { rewrite Hz; unfold full_bound, Rpower.
    rewrite ln_exp; field; lra. }
  assert (Hratio : threshold Phi alpha x * ln (Phi x) = ln alpha).
  { unfold threshold; field; lra. }
  split; intros H.
  - apply Phi_increasing in H.
    apply ln_increasing in H; [| apply Phi_01].
    nra.
  - apply increasing_reflects.
    apply ln_lt_inv; [apply Phi_01 | apply Phi_01 |].
    nra.
Qed.

(** The full bound lies in (0, 1). *)
Lemma full_bound_in_01 (n : nat) : (0 < n)%nat -> 0 < full_bound alpha n < 1.
Proof.
  intros Hn; split; [apply exp_pos |].
  unfold full_bound, Rpower; rewrite <- exp_0.
  apply exp_increasing.
  assert (Hinv : 0 < / INR n) by (now apply Rinv_0_lt_compat, lt_0_INR).
  pose proof (ln_negative alpha alpha_01); nra.
Qed.

(** The threshold is positive, so budgets beyond it are positive too. *)
Lemma threshold_positive (x : R) : 0 < threshold Phi alpha x.
Proof.
  pose proof (ln_negative alpha alpha_01) as Halpha.
  pose proof (ln_negative (Phi x) (Phi_01 x)) as Hneg.
  unfold threshold.
  replace (ln alpha / ln (Phi x)) with ((- ln alpha) / (- ln (Phi x)))
    by (field; lra).
  apply Rdiv_lt_0_compat; lra.
Qed.

(** ** B2 for a general share [q], and for one class in [K] *)

Section Share.

Variables q sigma M : R.
Hypothesis q_positive : 0 < q.
Hypothesis sigma_positive : 0 < sigma.

Lemma scaled_iff (z : R) : M < q * (sigma * z) <-> M / (q * sigma) < z.
Proof.
  assert (Hpos : 0 < q * sigma) by (now apply Rmult_lt_0_compat).
  rewrite <- Rmult_assoc.
  split; intros H.
  - apply (Rmult_lt_reg_l (q * sigma)); [exact Hpos |].
    replace (q * sigma * (M / (q * sigma))) with M by (field; lra).
    exact H.
  - replace M with (q * sigma * (M / (q * sigma))) by (field; lra).
    now apply Rmult_lt_compat_l.
Qed.

(** A share [q] of samples with the full radius passes [M] iff [N > ln alpha / ln (Phi
    (M / (q sigma)))]. *)
Theorem B2_share (N : nat) (z : R) :
  (0 < N)%nat -> Phi z = full_bound alpha N ->
  (q * (sigma * z) > M <-> INR N > ln alpha / ln (Phi (M / (q * sigma)))).
Proof.
  intros HN Hz.
  unfold Rgt.
  rewrite scaled_iff.
  exact (quantile_exceeds_iff N z (M / (q * sigma)) HN Hz).
Qed.

End Share.

Section Classes.

Variables K sigma M : R.
Hypothesis K_positive : 0 < K.
Hypothesis sigma_positive : 0 < sigma.

(** The same for [K] classes of equal size. *)
Theorem B2_classes (N : nat) (z : R) :
  (0 < N)%nat -> Phi z = full_bound alpha N ->
  (sigma * z / K > M <-> INR N > ln alpha / ln (Phi (M * K / sigma))).
Proof.
  intros HN Hz.
  replace (sigma * z / K) with (/ K * (sigma * z)) by (field; lra).
  replace (M * K / sigma) with (M / (/ K * sigma)) by (field; lra).
  apply B2_share; auto.
  now apply Rinv_0_lt_compat.
Qed.

(** The two directions, as theory B2 and the repair of the paper's proof read. *)

Corollary B2_sufficient (N : nat) (z : R) :
  Phi z = full_bound alpha N ->
  INR N > ln alpha / ln (Phi (M * K / sigma)) -> sigma * z / K > M.
Proof.
  intros Hz HN.
  apply (B2_classes N z); auto.
  apply INR_lt; simpl.
  pose proof (threshold_positive (M * K / sigma)) as Hpos.
  unfold threshold in Hpos; lra.
Qed.

Corollary B2_necessary (N : nat) (z : R) :
  (0 < N)%nat -> Phi z = full_bound alpha N ->
  sigma * z / K > M -> INR N > ln alpha / ln (Phi (M * K / sigma)).
Proof.
  intros HN Hz; now apply B2_classes.
Qed.

(** A budget that passes exists, whatever the target. *)
Theorem B2_budget_exists :
  exists N : nat, (0 < N)%nat /\
    forall z, Phi z = full_bound alpha N -> sigma * z / K > M.
Proof.
  destruct (INR_unbounded (ln alpha / ln (Phi (M * K / sigma)))) as [N HN].
  exists N; split.
  - apply INR_lt; simpl.
    pose proof (threshold_positive (M * K / sigma)) as Hpos.
    unfold threshold in Hpos; lra.
  - intros z Hz; now apply (B2_sufficient N z).
Qed.

End Classes.

(** ** The smallest budget is the integer part plus one *)

Lemma exceeds_iff_integer_part (x : R) (N : nat) :
  INR N > x <-> (Int_part x + 1 <= Z.of_nat N)%Z.
Proof.
  destruct (base_Int_part x) as [Hbelow Habove].
  rewrite INR_IZR_INZ.
  split; intros H.
  - enough (Int_part x < Z.of_nat N)%Z by lia.
    apply lt_IZR; lra.
  - apply IZR_le in H.
    rewrite plus_IZR in H; lra.
Qed.

(** It passes iff [N] is at least the integer part of that ratio, plus 1. *)
Theorem B2_smallest (q sigma M : R) (N : nat) (z : R) :
  0 < q -> 0 < sigma -> (0 < N)%nat -> Phi z = full_bound alpha N ->
  (q * (sigma * z) > M <->
   (Int_part (ln alpha / ln (Phi (M / (q * sigma)))) + 1 <= Z.of_nat N)%Z).
Proof.
  intros Hq Hsigma HN Hz.
  rewrite <- exceeds_iff_integer_part.
  now apply B2_share.
Qed.

(** ** The constant classifier itself, abstention included

    From here on [Phi 0 = 1/2], so that a bound certifies ([L > 1/2]) exactly when
    its quantile is positive. *)

Section ConstantClassifier.

Hypothesis Phi_0 : Phi 0 = 1/2.

Variables (c : nat) (labels : list nat).
Hypothesis c_occurs : 0 < share c labels.

Variable sigma : R.
Hypothesis sigma_positive : 0 < sigma.

(** The same of the constant classifier's ACR over a list of labels, abstention
    included. *)
Theorem B2_ACR (N : nat) (z M : R) :
  0 < M -> (0 < N)%nat -> Phi z = full_bound alpha N ->
  (ACR_constant c labels (radius sigma (full_bound alpha N) z) > M <->
   INR N > ln alpha / ln (Phi (M / (share c labels * sigma)))).
Proof.
  intros HM HN Hz.
  rewrite ACR_constant_is_share, <- Hz.
  rewrite <- (B2_share (share c labels) sigma M c_occurs sigma_positive N z HN Hz).
  unfold radius.
  destruct (Rlt_dec (1/2) (Phi z)) as [Hcertified | Habstains].
  - reflexivity.
  - (* abstention: both sides are false *)
    assert (Hz0 : z <= 0).
    { destruct (Rle_lt_dec z 0) as [Hle | Hlt]; [exact Hle |].
      apply Phi_increasing in Hlt; lra. }
    split; intros H.
    + lra.
    + pose proof (Rmult_lt_0_compat _ _ c_occurs sigma_positive); nra.
Qed.

(** The ACR of the constant classifier tends to infinity with the budget; [z N] is the
    quantile of the full bound. *)
Theorem B1 (z : nat -> R) :
  (forall N, (0 < N)%nat -> Phi (z N) = full_bound alpha N) ->
  is_lim_seq
    (fun N => ACR_constant c labels (radius sigma (full_bound alpha N) (z N)))
    p_infty.
Proof.
  intros Hz.
  apply is_lim_seq_spec; intros M.
  set (M' := Rmax M 1).
  assert (HM' : 0 < M') by (unfold M'; pose proof (Rmax_r M 1); lra).
  set (x := M' / (share c labels * sigma)).
  destruct (INR_unbounded (threshold Phi alpha x)) as [N0 HN0].
  exists N0; intros N HN.
  apply le_INR in HN.
  pose proof (threshold_positive x) as Hpos.
  assert (HNpos : (0 < N)%nat) by (apply INR_lt; simpl; lra).
  apply Rle_lt_trans with M'; [apply Rmax_l |].
  apply (B2_ACR N (z N) M' HM' HNpos (Hz N HNpos)).
  fold x; unfold threshold in HN0; lra.
Qed.

End ConstantClassifier.

End Budget.
