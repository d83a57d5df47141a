(** * B_Gaussian: B1, B2, B3 and B5 for the Gaussian, without hypotheses on [Phi]

    Statement.  The files on section B assume of [Phi] that it is strictly increasing
    with values in (0, 1) and [Phi 0 = 1/2], and of the quantile [z] that [Phi z] is
    the bound.  [Gaussian.v] proves all that of the standard normal distribution
    function and its quantile [Q], so here the statements stand on their own.

    Idea.  Put the pieces together. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List ZArith.
From RSTheory Require Import Setting Gaussian A1 B1_B2 B3 B5.
Open Scope R_scope.

(** The ACR at budget (N, alpha) and noise level [sigma] of the classifier that
    always answers [c]. *)
Definition ACR_trivial (c : nat) (labels : list nat) (sigma alpha : R) (N : nat) : R :=
  ACR_constant c labels (radius sigma (full_bound alpha N) (Q (full_bound alpha N))).

Section Trivial.

Variables (c : nat) (labels : list nat) (sigma alpha : R).
Hypothesis c_occurs : 0 < share c labels.
Hypothesis sigma_positive : 0 < sigma.
Hypothesis alpha_01 : 0 < alpha < 1.

Lemma quantile_of_full_bound (N : nat) :
  (0 < N)%nat -> Phi (Q (full_bound alpha N)) = full_bound alpha N.
Proof. intros HN; now apply Phi_Q, full_bound_in_01. Qed.

(** For the normal distribution the ACR of the constant classifier is its share times
    [sigma Q (alpha^(1/N))], wherever the bound certifies. *)
Theorem B1_formula (N : nat) :
  1/2 < full_bound alpha N ->
  ACR_trivial c labels sigma alpha N
  = share c labels * sigma * Q (full_bound alpha N).
Proof.
  intros Hcertifies.
  unfold ACR_trivial; rewrite ACR_constant_is_share; unfold radius.
  destruct (Rlt_dec (1/2) (full_bound alpha N)); [ring | contradiction].
Qed.

(** For the normal distribution it tends to infinity with the budget. *)
Theorem B1_Gaussian :
  is_lim_seq (ACR_trivial c labels sigma alpha) p_infty.
Proof.
  apply (B1 Phi Phi_increasing Phi_01 alpha alpha_01 Phi_0 c labels c_occurs
           sigma sigma_positive (fun N => Q (full_bound alpha N))).
  exact quantile_of_full_bound.
Qed.

(** For the normal distribution it passes [M] iff [N > ln alpha / ln (Phi (M / (q
    sigma)))]. *)
Theorem B2_Gaussian (N : nat) (M : R) :
  0 < M -> (0 < N)%nat ->
  (ACR_trivial c labels sigma alpha N > M <->
   INR N > ln alpha / ln (Phi (M / (share c labels * sigma)))).
Proof.
  intros HM HN.
  apply (B2_ACR Phi Phi_increasing Phi_01 alpha Phi_0 c labels c_occurs
           sigma sigma_positive N (Q (full_bound alpha N)) M HM HN).
  now apply quantile_of_full_bound.
Qed.

(** The smallest budget that passes [M]: the integer part plus one. *)
Corollary B2_smallest_Gaussian (N : nat) (M : R) :
  0 < M -> (0 < N)%nat ->
  (ACR_trivial c labels sigma alpha N > M <->
   (Int_part (ln alpha / ln (Phi (M / (share c labels * sigma)))) + 1
    <= Z.of_nat N)%Z).
Proof.
  intros HM HN.
  rewrite <- exceeds_iff_integer_part.
  now apply B2_Gaussian.
Qed.

End Trivial.

(** At the budget that the paper prints, the ACR is 0. *)
Theorem B3_Gaussian (c : nat) (labels : list nat) (sigma alpha M K : R) :
  0 < alpha < 1/4 -> 0 < M -> 0 < K -> 0 < sigma ->
  printed_budget Phi alpha M K sigma = 2%Z /\
  ACR_trivial c labels sigma alpha 2 = 0.
Proof.
  intros Halpha HM HK Hsigma.
  assert (Hbudget : printed_budget Phi alpha M K sigma = 2%Z).
  { apply (B3_printed_budget_is_2 Phi Phi_increasing Phi_01 Phi_0); trivial; lra. }
  split; [exact Hbudget |].
  pose proof (B3_refuted Phi alpha M K sigma (Q (full_bound alpha 2)) c labels
                Phi_increasing Phi_01 Phi_0 Halpha HM HK Hsigma) as Hrefuted.
  rewrite Hbudget in Hrefuted.
  apply Hrefuted, quantile_of_full_bound; [lra | exact Nat.lt_0_2].
Qed.

(** At a fixed budget the ACR passes every target as [sigma] grows. *)
Theorem B5_Gaussian (c : nat) (labels : list nat) (alpha : R) (N : nat) :
  0 < share c labels -> 0 < alpha < 1 -> (0 < N)%nat -> 1/2 < full_bound alpha N ->
  forall M, exists sigma, 0 < sigma /\ M < ACR_trivial c labels sigma alpha N.
Proof.
  intros Hshare Halpha HN Hcertifies.
  apply (B5_unbounded Phi Phi_increasing Phi_0 alpha N Hcertifies
           (Q (full_bound alpha N))); [| exact Hshare].
  now apply quantile_of_full_bound.
Qed.
