(** * B7: with an unlimited budget, only the samples with p = 1 count

    Statement.  Describe two models by the laws of their label probabilities, each
    with finitely many values in [0, 1].  If the share of samples with [p = 1] is
    larger for the first, then its expected ACR is larger for all large budgets,
    whatever else the two models do; the difference even tends to infinity.

    What is assumed here of the expected radius [r N p] at budget [N]:
    - for each [p < 1] it stays bounded as [N] grows;
    - at [p = 1] all draws agree, so it is the radius of the full bound.
    That [r N 1] then tends to infinity is derived, from B1.  The boundedness is proved
    for the certification procedure itself in [B7_bounded.v].

    Idea.  Everything but the share at [p = 1] is bounded; the difference of the
    shares is multiplied by something that tends to infinity. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List.
From RSTheory Require Import Setting Convexity B1_B2.
Import ListNotations.
Open Scope R_scope.

(** The share of the samples with label probability 1. *)
Definition is_one (p : R) : R := if Req_EM_T p 1 then 1 else 0.

Definition share_at_one (l : law) : R := expect is_one l.

Section Ranking.

(** [r N p]: the expected radius of a sample with label probability [p] when it is
    certified with budget [N].  The expected ACR of a law [l] is
    [expect (r N) l]. *)
Variable r : nat -> R -> R.

Hypothesis bounded_below_one :
  forall p, 0 <= p < 1 -> exists C, eventually (fun N => Rabs (r N p) <= C).

Hypothesis diverges_at_one : is_lim_seq (fun N => r N 1) p_infty.

(** Apart from the share at 1, the expected ACR is bounded. *)
Lemma rest_bounded (l : law) :
  Forall (fun wx => in_01 (snd wx)) l ->
  exists C, eventually
    (fun N => Rabs (expect (r N) l - share_at_one l * r N 1) <= C).
Proof.
  induction 1 as [| [w p] l Hp _ [C [N0 IH]]].
  - exists 0; exists 0%nat; intros N _.
    unfold share_at_one, expect; simpl.
    rewrite Rmult_0_l, Rminus_0_r, Rabs_R0; lra.
  - simpl in Hp.
    assert (Hone : exists C1, eventually
              (fun N => Rabs (w * (r N p - is_one p * r N 1)) <= C1)).
    { unfold is_one; destruct (Req_EM_T p 1) as [-> | Hneq].
      - exists 0; exists 0%nat; intros N _.
        replace (w * (r N 1 - 1 * r N 1)) with 0 by ring.
        rewrite Rabs_R0; lra.
      - destruct Hp as [Hp0 Hp1].
        destruct (bounded_below_one p) as [C1 [N1 HC1]]; [lra |].
        exists (Rabs w * C1); exists N1; intros N HN.
        replace (w * (r N p - 0 * r N 1)) with (w * r N p) by ring.
        rewrite Rabs_mult.
        apply Rmult_le_compat_l; [apply Rabs_pos | now apply HC1]. }
    destruct Hone as [C1 [N1 HC1]].
    exists (C1 + C); exists (N1 + N0)%nat; intros N HN.
    specialize (IH N ltac:(lia)).
    specialize (HC1 N ltac:(lia)).
    unfold share_at_one in *; rewrite !expect_cons.
    replace (w * r N p + expect (r N) l - (w * is_one p + expect is_one l) * r N 1)
      with (w * (r N p - is_one p * r N 1)
            + (expect (r N) l - expect is_one l * r N 1)) by ring.
    eapply Rle_trans; [apply Rabs_triang | lra].
Qed.

Variables A B : law.
Hypothesis A_values : Forall (fun wx => in_01 (snd wx)) A.
Hypothesis B_values : Forall (fun wx => in_01 (snd wx)) B.
Hypothesis A_has_more : share_at_one B < share_at_one A.

(** If the radius stays bounded in [N] at every [p < 1] and diverges at [p = 1], and A
    has the larger share at [p = 1], the gap of their mean radii tends to infinity. *)
Theorem B7_gap_diverges :
  is_lim_seq (fun N => expect (r N) A - expect (r N) B) p_infty.
Proof.
  destruct (rest_bounded A A_values) as [CA [NA HA]].
  destruct (rest_bounded B B_values) as [CB [NB HB]].
  apply is_lim_seq_spec; intros M; simpl.
  set (gap := share_at_one A - share_at_one B).
  assert (Hgap : 0 < gap) by (unfold gap; lra).
  apply is_lim_seq_spec in diverges_at_one; simpl in diverges_at_one.
  destruct (diverges_at_one ((M + CA + CB) / gap)) as [N1 H1].
  exists (NA + NB + N1)%nat; intros N HN.
  specialize (HA N ltac:(lia)); apply Rabs_le_between in HA.
  specialize (HB N ltac:(lia)); apply Rabs_le_between in HB.
  specialize (H1 N ltac:(lia)).
  apply (Rmult_lt_compat_l gap) in H1; [| exact Hgap].
  replace (gap * ((M + CA + CB) / gap)) with (M + CA + CB) in H1 by (field; lra).
  unfold gap in H1; lra.
Qed.

(** So A has the larger mean radius for all large [N]. *)
Theorem B7_ranking : eventually (fun N => expect (r N) B < expect (r N) A).
Proof.
  pose proof B7_gap_diverges as Hgap.
  apply is_lim_seq_spec in Hgap; simpl in Hgap.
  destruct (Hgap 0) as [N0 H0].
  exists N0; intros N HN.
  specialize (H0 N HN); lra.
Qed.

End Ranking.

(** ** At p = 1 the radius diverges *)

Section FullBound.

Variable Phi : R -> R.
Hypothesis Phi_increasing : strictly_increasing Phi.
Hypothesis Phi_01 : valued_in_01 Phi.
Hypothesis Phi_0 : Phi 0 = 1/2.

Variables (alpha sigma : R) (z : nat -> R).
Hypothesis alpha_01 : 0 < alpha < 1.
Hypothesis sigma_positive : 0 < sigma.
Hypothesis z_quantile :
  forall N, (0 < N)%nat -> Phi (z N) = full_bound alpha N.

Lemma full_radius_diverges :
  is_lim_seq (fun N => radius sigma (full_bound alpha N) (z N)) p_infty.
Proof.
  assert (Hshare : share 0 [0%nat] = 1) by (unfold share; simpl; field).
  apply is_lim_seq_ext with
    (u := fun N => ACR_constant 0 [0%nat] (radius sigma (full_bound alpha N) (z N))).
  - intros N; rewrite ACR_constant_is_share, Hshare; ring.
  - apply (B1 Phi); trivial; lra.
Qed.

(** B7 with the divergence derived: of the two only the boundedness is assumed. *)
Theorem B7_full_bound (r : nat -> R -> R) (A B : law) :
  (forall p, 0 <= p < 1 -> exists C, eventually (fun N => Rabs (r N p) <= C)) ->
  (forall N, (0 < N)%nat -> r N 1 = radius sigma (full_bound alpha N) (z N)) ->
  Forall (fun wx => in_01 (snd wx)) A ->
  Forall (fun wx => in_01 (snd wx)) B ->
  share_at_one B < share_at_one A ->
  eventually (fun N => expect (r N) B < expect (r N) A).
Proof.
  intros Hbounded Hone HA HB Hmore.
  apply B7_ranking; trivial.
  apply is_lim_seq_ext_loc with
    (u := fun N => radius sigma (full_bound alpha N) (z N)).
  - exists 1%nat; intros N HN; symmetry; apply Hone; lia.
  - exact full_radius_diverges.
Qed.

End FullBound.
