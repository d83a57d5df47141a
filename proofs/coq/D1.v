(** * D1: the survival curve determines every certified-accuracy curve

    Statement.  Without a budget, a correctly predicted sample with 0 < p < 1 is
    certified at radius [r > 0] if and only if [p >= Phi (r / sigma)].  Hence the
    certified accuracy at [r] is [S (Phi (r / sigma))], for every [sigma] at once.

    Idea.  [r <= sigma Q p] iff [r / sigma <= Q p] iff [Phi (r / sigma) <= p]. *)

Require Import Reals Lra List.
From RSTheory Require Import Setting Gaussian A1 A2_A3 D2_D3.
Import ListNotations.
Open Scope R_scope.

Lemma D1_sample (sigma r p : R) :
  0 < sigma -> 0 < r -> 0 <= p < 1 ->
  (r <= certified_radius sigma p <-> Phi (r / sigma) <= p).
Proof.
  intros Hsigma Hr Hp.
  assert (Hscaled : 0 < r / sigma) by (now apply Rdiv_lt_0_compat).
  assert (Hhalf : 1/2 < Phi (r / sigma)) by (rewrite <- Phi_0; now apply Phi_increasing).
  unfold certified_radius, Radius.
  destruct (Rlt_dec (1/2) p) as [Hlt | Hge]; [| split; intros H; lra].
  assert (Hr' : r = sigma * (r / sigma)) by (field; lra).
  rewrite Hr' at 1; rewrite <- (Phi_Q p) at 2 by lra.
  split; intros H.
  - apply Rmult_le_reg_l in H; [| exact Hsigma].
    destruct H as [Hlt' | ->]; [now apply Rlt_le, Phi_increasing | lra].
  - apply Rmult_le_compat_l; [lra |].
    destruct (Rle_lt_dec (r / sigma) (Q p)) as [Hle | Hgt]; [exact Hle |].
    apply Phi_increasing in Hgt; lra.
Qed.

(** If every label probability lies in [[0, 1)], the share of samples certified at [r >
    0] without a budget is the share with [p >= Phi (r / sigma)]. *)
Theorem D1 (sigma r : R) (l : law) :
  0 < sigma -> 0 < r -> Forall (fun wx => 0 <= snd wx < 1) l ->
  expect (fun p => step r (certified_radius sigma p)) l = survival l (Phi (r / sigma)).
Proof.
  intros Hsigma Hr Hl; unfold survival.
  apply expect_ext; intros p Hin.
  apply in_map_iff in Hin as [[w p'] [Heq Hin]]; simpl in Heq; subst p'.
  pose proof (proj1 (Forall_forall _ l) Hl (w, p) Hin) as Hp; simpl in Hp.
  pose proof (D1_sample sigma r p Hsigma Hr Hp) as Hiff; unfold step.
  destruct (Rle_dec r (certified_radius sigma p)), (Rle_dec (Phi (r / sigma)) p); tauto.
Qed.
