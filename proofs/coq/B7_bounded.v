(** * B7 for the certification procedure itself, without hypotheses

    Statement.  Take the Gaussian, a noise level [sigma > 0], a confidence level
    [0 < alpha < 1] and the Clopper-Pearson bounds for every budget.  For two models whose
    label probabilities have finitely many values, the one with the larger share of
    samples at [p = 1] has the larger expected ACR for all large budgets.

    Idea.  B7 needs that the expected radius stays bounded for [p < 1], and it converges
    (C6); and that it diverges at [p = 1], where it is the radius of the full bound (B1). *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List.
From RSTheory Require Import
  Setting Convexity Gaussian A1 A2_A3 B1_B2 B7 BinomialLaw C1 Budget C6.
Open Scope R_scope.

Section Certification.

Variables sigma alpha : R.
Hypothesis sigma_positive : 0 < sigma.
Hypothesis alpha_01 : 0 < alpha < 1.

Variable L : nat -> nat -> R.
Hypothesis L_bound : forall N, clopper_pearson N alpha (L N).

(** The expected radius stays bounded in [N] at every [p < 1]. *)
Lemma expected_radius_bounded (p : R) :
  0 <= p < 1 ->
  exists C, eventually (fun N => Rabs (expected_radius sigma N (L N) p) <= C).
Proof.
  intros Hp.
  pose proof (C6 sigma alpha sigma_positive alpha_01 L L_bound p Hp) as Hlimit.
  apply is_lim_seq_spec in Hlimit; simpl in Hlimit.
  destruct (Hlimit (mkposreal 1 Rlt_0_1)) as [N0 HN0]; simpl in HN0.
  exists (Rabs (certified_radius sigma p) + 1); exists N0; intros N HN.
  specialize (HN0 N HN).
  set (limit := certified_radius sigma p) in *.
  replace (expected_radius sigma N (L N) p)
    with (limit + (expected_radius sigma N (L N) p - limit)) by ring.
  eapply Rle_trans; [apply Rabs_triang | lra].
Qed.

(** For Clopper-Pearson radii nothing is assumed: the law with the larger share at [p =
    1] has the larger expected radius for all large [N]. *)
Theorem B7_certification (A B : law) :
  Forall (fun wx => in_01 (snd wx)) A -> Forall (fun wx => in_01 (snd wx)) B ->
  share_at_one B < share_at_one A ->
  eventually (fun N => expect (expected_radius sigma N (L N)) B
                       < expect (expected_radius sigma N (L N)) A).
Proof.
  apply (B7_full_bound Phi Phi_increasing Phi_01 Phi_0 alpha sigma
           (fun N => Q (full_bound alpha N))); trivial.
  - intros N HN; apply Phi_Q, full_bound_in_01; trivial.
  - exact expected_radius_bounded.
  - intros N HN; now apply expected_radius_at_1.
Qed.

End Certification.
