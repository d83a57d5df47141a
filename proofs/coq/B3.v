(** * B3: the budget printed in the paper's first version does not do its work

    Statement.  The proof of Theorem 1 in arXiv 2410.06895v1 prints the budget
    [N = ceil (ln Phi(MK/sigma) / ln alpha) + 1], the reciprocal of the ratio of
    B2.  Let [Phi] be strictly increasing, valued in (0, 1), with [Phi 0 = 1/2].

    - If 0 < alpha < 1/2, that budget is 2, for all positive M, K, sigma.
    - If 0 < alpha < 1/4, its bound [alpha^(1/2)] is below 1/2: the procedure
      abstains everywhere, and the ACR is 0, not above [M].

    Idea.  [1/2 < Phi(MK/sigma) < 1], so its logarithm lies between [ln (1/2)],
    which exceeds [ln alpha], and 0.  The printed ratio lies in (0, 1), its
    ceiling is 1.  And [alpha < 1/4] says that [alpha^(1/2) < 1/2]. *)

Require Import Reals Lra Lia List ZArith.
From RSTheory Require Import Setting.
Open Scope R_scope.

(** ** The printed budget *)

(** The smallest integer that is not below [x]. *)
Definition ceil (x : R) : Z := (- Int_part (- x))%Z.

Definition printed_budget (Phi : R -> R) (alpha M K sigma : R) : Z :=
  (ceil (ln (Phi (M * K / sigma)) / ln alpha)%R + 1)%Z.

(** [ceil] deserves its name. *)
Lemma ceil_spec (x : R) : x <= IZR (ceil x) < x + 1.
Proof.
  destruct (base_Int_part (- x)) as [Hbelow Habove].
  unfold ceil; rewrite opp_IZR; lra.
Qed.

Lemma ceil_is_1 (x : R) : 0 < x <= 1 -> ceil x = 1%Z.
Proof.
  intros Hx.
  destruct (ceil_spec x) as [Hlow Hhigh].
  assert (0 < ceil x)%Z by (apply lt_IZR; lra).
  assert (ceil x < 2)%Z by (apply lt_IZR; lra).
  lia.
Qed.

Section PrintedBudget.

Variable Phi : R -> R.
Hypothesis Phi_increasing : strictly_increasing Phi.
Hypothesis Phi_01 : valued_in_01 Phi.
Hypothesis Phi_0 : Phi 0 = 1/2.

Variables alpha M K sigma : R.
Hypothesis M_positive : 0 < M.
Hypothesis K_positive : 0 < K.
Hypothesis sigma_positive : 0 < sigma.

(** The ratio that the paper prints lies in (0, 1). *)
Lemma printed_ratio_in_01 :
  0 < alpha < 1/2 -> 0 < ln (Phi (M * K / sigma)) / ln alpha < 1.
Proof.
  intros Halpha.
  assert (Harg : 0 < M * K / sigma).
  { apply Rdiv_lt_0_compat; [now apply Rmult_lt_0_compat | exact sigma_positive]. }
  assert (Hhalf : 1/2 < Phi (M * K / sigma)).
  { rewrite <- Phi_0; now apply Phi_increasing. }
  assert (Hneg : ln (Phi (M * K / sigma)) < 0).
  { rewrite <- ln_1; apply ln_increasing; [lra | apply Phi_01]. }
  assert (Horder : ln alpha < ln (Phi (M * K / sigma))).
  { apply ln_increasing; lra. }
  replace (ln (Phi (M * K / sigma)) / ln alpha)
    with ((- ln (Phi (M * K / sigma))) / (- ln alpha)) by (field; lra).
  split.
  - apply Rdiv_lt_0_compat; lra.
  - apply Rmult_lt_reg_r with (- ln alpha); [lra |].
    field_simplify; lra.
Qed.

(** For [alpha < 1/2] the printed budget is 2, whatever [M], [K] and [sigma]. *)
Theorem B3_printed_budget_is_2 :
  0 < alpha < 1/2 -> printed_budget Phi alpha M K sigma = 2%Z.
Proof.
  intros Halpha.
  pose proof (printed_ratio_in_01 Halpha) as Hratio.
  unfold printed_budget.
  rewrite ceil_is_1; [reflexivity | lra].
Qed.

End PrintedBudget.

(** ** The bound at budget 2 *)

(** For [alpha < 1/4] the full bound at budget 2 is below 1/2. *)
Theorem B3_bound_below_half (alpha : R) :
  0 < alpha < 1/4 -> full_bound alpha 2 < 1/2.
Proof.
  intros Halpha.
  unfold full_bound; simpl INR.
  replace (/ (1 + 1)) with (/ 2) by lra.
  rewrite Rpower_sqrt by lra.
  replace (1/2) with (sqrt (1/2 * (1/2))) by (apply sqrt_square; lra).
  apply sqrt_lt_1; lra.
Qed.

(** The claim of the printed proof fails for every target and every setting: at
    its budget the constant classifier has ACR 0. *)
Theorem B3_refuted (Phi : R -> R) (alpha M K sigma z : R)
    (c : nat) (labels : list nat) :
  strictly_increasing Phi -> valued_in_01 Phi -> Phi 0 = 1/2 ->
  0 < alpha < 1/4 -> 0 < M -> 0 < K -> 0 < sigma ->
  let N := Z.to_nat (printed_budget Phi alpha M K sigma) in
  Phi z = full_bound alpha N ->
  ACR_constant c labels (radius sigma (full_bound alpha N) z) = 0.
Proof.
  intros Hincr H01 H0 Halpha HM HK Hsigma N _.
  assert (HN : N = 2%nat).
  { unfold N; rewrite B3_printed_budget_is_2; trivial; lra. }
  rewrite ACR_constant_is_share, HN.
  pose proof (B3_bound_below_half alpha Halpha).
  unfold radius.
  destruct (Rlt_dec (1/2) (full_bound alpha 2)); lra.
Qed.
