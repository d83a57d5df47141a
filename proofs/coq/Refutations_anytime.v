(** * Refutations of what one might hope of stopped runs

    The statements of the files of [Wrong/] that are named here are not merely unproved:
    each is false.
    - [Untruncated_mixture]: the mixture over all [theta], not only those above [q], tests
      [p = q], not [p <= q]: at [p = 0], [q = 1/2] three failures take it to 5/2, past
      [1/alpha = 2], with probability 1.
    - [Repeated_clopper_pearson]: bounds at level [alpha] each, one after every draw: with
      [alpha = 1/4], [p = 0.49] one of the first five exceeds [p] with probability above
      0.29.
    - [C7_stopped]: a run that stops at its first success, or after two draws.  One of its
      draws, chosen at random, is a success with probability 5/8 where [p = 1/2].
    - [C12_leader]: the class with the most estimation draws, bounded as if it had been
      chosen before: of three equally likely classes the one that is drawn has the bound
      [alpha = 1/2] after one draw, and probability 1/3. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List Bool Arith.
From RSTheory Require Import
  Setting Convexity BinomialLaw Paths Hypergeometric C1 G1 G1_mixture G4 C12.
Import ListNotations.
Open Scope R_scope.

(** ** The untruncated mixture *)

Definition kt_untruncated (q : R) (k j : nat) : R :=
  RInt (fun s => / (PI/2) * ratio (sin s ^ 2) q k j) 0 (PI/2).

Lemma kt_untruncated_value : kt_untruncated (1/2) 0 3 = 5/2.
Proof.
  unfold kt_untruncated.
  set (F := fun s => / (PI/2) * 8 * (sin s * cos s ^ 5 / 6 + 5/24 * (sin s * cos s ^ 3)
                                     + 5/16 * (sin s * cos s) + 5/16 * s)).
  pose proof PI_RGT_0 as Hpi.
  rewrite (is_RInt_unique _ 0 (PI/2) (F (PI/2) - F 0)).
  - unfold F; rewrite sin_PI2, cos_PI2, sin_0, cos_0; simpl; field; lra.
  - apply (is_RInt_derive F).
    + intros s _; unfold F; auto_derive; trivial; unfold ratio.
      assert (Hsin : sin s ^ 2 = 1 - cos s ^ 2).
      { pose proof (sin2_cos2 s) as H; unfold Rsqr in H; simpl; lra. }
      rewrite Hsin.
      replace ((1 - (1 - cos s ^ 2)) / (1 - 1/2)) with (2 * cos s ^ 2) by field.
      assert (Hsin' : sin s * sin s = 1 - cos s ^ 2) by (rewrite <- Hsin; ring).
      simpl; field_simplify; try lra.
      replace (sin s ^ 2) with (1 - cos s ^ 2) by (symmetry; exact Hsin).
      field; lra.
    + intros s _; apply (ex_derive_continuous (V := R_NormedModule)).
      unfold ratio; auto_derive; trivial.
Qed.

(** At [p = 0] every draw fails. *)
Lemma over_paths_at_0 (N : nat) (f : list bool -> R) :
  over_paths N f 0 = f (repeat false N).
Proof.
  revert f; induction N as [| N IH]; intros f; simpl; [reflexivity | rewrite !IH; ring].
Qed.

(** The untruncated mixture reaches [1/alpha] with probability 1 for some [p < q] and
    [alpha < 1]. *)
Theorem untruncated_mixture_is_false :
  exists p q alpha N, 0 <= p < q /\ 0 < q < 1 /\ 0 < alpha < 1 /\
    over_paths N (fun w => indicator
      (ever (reaches (/ alpha) (kt_untruncated q)) 0 0 w)) p = 1 /\
    ~ over_paths N (fun w => indicator
        (ever (reaches (/ alpha) (kt_untruncated q)) 0 0 w)) p <= alpha.
Proof.
  exists 0, (1/2), (1/2), 3%nat.
  assert (Hone : over_paths 3 (fun w => indicator
      (ever (reaches (/ (1/2)) (kt_untruncated (1/2))) 0 0 w)) 0 = 1).
  { rewrite over_paths_at_0, (ever_of_time _ 3); [reflexivity |].
    unfold reaches; simpl; rewrite kt_untruncated_value.
    destruct (Rle_dec _ _) as [_ | Hno]; [reflexivity | exfalso; apply Hno; lra]. }
  repeat split; try lra; exact Hone.
Qed.

(** ** Repeated bounds *)

(** Some bound at level [alpha], one after every draw, exceeds [p]. *)
Definition some_exceeds (p : R) (L : nat -> nat -> R) (k j : nat) : bool :=
  below p (L (k + j)%nat k).

(** For some [p] and [alpha], whatever the bounds are, one of the first [N] exceeds [p] with
    probability above [alpha]. *)
Theorem repeated_clopper_pearson_is_false :
  exists p alpha N, 0 < p < 1 /\ 0 < alpha < 1 /\
    forall L : nat -> nat -> R, (forall n, clopper_pearson n alpha (L n)) ->
    ~ over_paths N (fun w => indicator (ever (some_exceeds p L) 0 0 w)) p <= alpha.
Proof.
  exists (49/100), (1/4), 5%nat.
  repeat split; try lra; intros L HL.
  assert (Hp : in_01 (49/100)) by (unfold in_01; lra).
  assert (Hexceeds : forall n k, (1 <= k <= n)%nat -> tail n k (49/100) < 1/4 ->
                     49/100 < L n k).
  { intros n k Hk Htail; destruct (HL n) as [_ Hpos].
    destruct (Hpos k Hk) as [HLk Heq].
    apply (tail_reflects n k); trivial; lra. }
  assert (H2 : 49/100 < L 2%nat 2%nat).
  { apply Hexceeds; [lia |]; rewrite tail_all; lra. }
  assert (H5 : 49/100 < L 5%nat 4%nat).
  { apply Hexceeds; [lia |]; unfold tail; simpl; unfold at_least.
    repeat match goal with |- context [le_dec ?a ?b] => destruct (le_dec a b); try lia end.
    lra. }
  set (fewer := fun k j : nat => (Nat.eqb k 2 && Nat.eqb j 0) || (Nat.eqb k 4 && Nat.eqb j 1)).
  apply Rlt_not_le.
  apply Rlt_le_trans with (over_paths 5 (fun w => indicator (ever fewer 0 0 w)) (49/100)).
  - rewrite G4_exact; simpl; lra.
  - apply over_paths_implies; [exact Hp |].
    intros w _ H; apply ever_iff in H as [n [Hn H]]; apply ever_iff; exists n.
    split; [exact Hn |]; unfold fewer in H; apply orb_true_iff in H.
    rewrite !andb_true_iff, !Nat.eqb_eq in H.
    unfold some_exceeds, below.
    destruct H as [[-> ->] | [-> ->]]; simpl; destruct (Rlt_dec _ _); trivial; lra.
Qed.

(** ** Subsampling a stopped run *)

(** Stop at the first success, or after two draws. *)
Definition until_success (w : list bool) : nat :=
  match w with
  | true :: _ => 1
  | _ => 2
  end.

(** For a run that stops at its first success, or after two draws, a draw chosen at random
    does not have the count of a fresh draw. *)
Theorem C7_on_a_stopped_run_is_false :
  exists (p : R) (g : nat -> R), in_01 p /\
    over_paths 2 (fun w => average_over_choices 1 g (firstn (until_success w) w)) p
    <> expected 1 g p.
Proof.
  exists (1/2), INR; split; [unfold in_01; lra |].
  simpl; unfold average_over_choices, mean; simpl; lra.
Qed.

(** ** The leader of the estimation draws *)

(** For some [p] and [alpha], the bound of the class with the most estimation draws exceeds
    its probability with probability above [alpha]. *)
Theorem C12_leader_is_false :
  exists (M N : nat) (p : nat -> R) (alpha : R) (leader : list nat -> nat),
    class_law M p /\ 0 < alpha < 1 /\
    (forall w c, length w = N -> (c <= M)%nat ->
       (count_in (only c) w <= count_in (only (leader w)) w)%nat) /\
    forall L, clopper_pearson N alpha L ->
    ~ over_classes M p N (fun w => indicator
        (below (p (leader w)) (L (count_in (only (leader w)) w)))) <= alpha.
Proof.
  exists 2%nat, 1%nat, (fun _ => 1/3), (1/2), (fun w => hd 0%nat w).
  split; [split; [intros; lra | simpl; lra] |].
  split; [lra |]; split.
  - intros [| c' [| c'' w]] c Hw Hc; simpl in Hw; try lia.
    unfold count_in, only; simpl; rewrite Nat.eqb_refl; simpl.
    destruct (Nat.eqb c' c); simpl; lia.
  - intros L [_ HL]; destruct (HL 1%nat ltac:(lia)) as [_ Htail].
    rewrite tail_all, pow_1 in Htail.
    assert (Hall : forall c, indicator (below (1/3)
              (L (count_in (only (hd 0%nat [c])) [c]))) = 1).
    { intros c; unfold count_in, only; simpl; rewrite Nat.eqb_refl; simpl.
      rewrite Htail; unfold below; destruct (Rlt_dec _ _); simpl; [reflexivity | lra]. }
    apply Rlt_not_le; simpl over_classes; unfold hd in Hall; simpl sum_f_R0.
    rewrite !Hall; lra.
Qed.
