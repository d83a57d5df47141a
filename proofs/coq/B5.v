(** * B5: at a fixed budget, ACR is linear in sigma and therefore unbounded

    Statement.  Let [Phi] be strictly increasing with [Phi 0 = 1/2], and fix a
    budget (N, alpha) whose full bound [L = alpha^(1/N)] exceeds 1/2, with quantile
    [z] ([Phi z = L]).  Then [z > 0], the constant classifier has
    [ACR(sigma) = q * z * sigma] with [q] the share of its class, and when [q > 0]
    every target [M] is passed by some [sigma]: by every [sigma > M / (q z)].

    Idea.  The bound does not depend on [sigma]; the radius is [sigma * z]. *)

Require Import Reals Lra List.
From RSTheory Require Import Setting.
Open Scope R_scope.

Section FixedBudget.

Variable Phi : R -> R.
Hypothesis Phi_increasing : strictly_increasing Phi.
Hypothesis Phi_0 : Phi 0 = 1/2.

Variables (alpha : R) (N : nat).
Hypothesis certifies : 1/2 < full_bound alpha N.

Variable z : R.
Hypothesis z_quantile : Phi z = full_bound alpha N.

Variables (c : nat) (labels : list nat).

(** The ACR of the constant classifier as a function of the noise level. *)
Definition ACR_of_sigma (sigma : R) : R :=
  ACR_constant c labels (radius sigma (full_bound alpha N) z).

Lemma B5_quantile_positive : 0 < z.
Proof.
  destruct (Rlt_le_dec 0 z) as [Hpos | [Hneg | Hzero]].
  - exact Hpos.
  - apply Phi_increasing in Hneg; lra.
  - subst z; lra.
Qed.

(** At a fixed budget whose full bound exceeds 1/2, the ACR of the constant classifier
    is linear in [sigma]. *)
Theorem B5_linear (sigma : R) :
  ACR_of_sigma sigma = share c labels * z * sigma.
Proof.
  unfold ACR_of_sigma.
  rewrite ACR_constant_is_share.
  unfold radius.
  destruct (Rlt_dec (1/2) (full_bound alpha N)) as [_ | Habstains].
  - ring.
  - contradiction.
Qed.

(** It passes [M] iff [sigma > M / (share * z)]. *)
Theorem B5_passes (M sigma : R) :
  0 < share c labels ->
  (M < ACR_of_sigma sigma <-> M / (share c labels * z) < sigma).
Proof.
  intros Hq.
  pose proof (Rmult_lt_0_compat _ _ Hq B5_quantile_positive) as Hslope.
  rewrite B5_linear.
  assert (Hcancel : share c labels * z * (M / (share c labels * z)) = M).
  { field; split; intros Hzero; rewrite Hzero in Hslope; lra. }
  split; intros H.
  - apply (Rmult_lt_reg_l (share c labels * z)); [exact Hslope | lra].
  - apply (Rmult_lt_compat_l (share c labels * z)) in H; [lra | exact Hslope].
Qed.

(** So it exceeds every number for some [sigma]. *)
Theorem B5_unbounded :
  0 < share c labels ->
  forall M, exists sigma, 0 < sigma /\ M < ACR_of_sigma sigma.
Proof.
  intros Hq M.
  set (target := M / (share c labels * z)).
  exists (Rmax target 0 + 1).
  pose proof (Rmax_l target 0).
  pose proof (Rmax_r target 0).
  split; [lra |].
  apply B5_passes; [exact Hq |].
  fold target; lra.
Qed.

End FixedBudget.
