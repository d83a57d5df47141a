(** * C5: ACR rewards inequality

    Statement.  Let [r] be convex on [0, 1] (the expected radius at a budget is,
    by C4).  Take finitely many label probabilities and apply a mean-preserving
    spread: easy samples become easier, hard ones harder, the mean stays.  Then
    the mean of [r], the expected ACR, rises or stays.

    Two forms of a mean-preserving spread are treated.
    - Transfers: two samples [p <= q] move apart to [p - d] and [q + d]; any number
      of such moves, in any order, between any samples.
    - Splitting: every sample [p_i] is replaced by a finite law with mean [p_i]
      (noise is added to the label probabilities).

    Idea.  A single transfer is [convex_apart]; the rest is induction over the
    moves.  Splitting is Jensen's inequality, sample by sample. *)

Require Import Reals Lra List Permutation.
From RSTheory Require Import Setting Convexity.
Import ListNotations.
Open Scope R_scope.

(** ** Transfers *)

(** [spread l l']: [l'] arises from [l] by moving pairs apart.  The permutation
    says that the order of the samples is immaterial, so that any two may move. *)
Inductive spread : list R -> list R -> Prop :=
  | spread_reorder : forall l l', Permutation l l' -> spread l l'
  | spread_transfer : forall p q d l,
      p <= q -> 0 <= d -> spread (p :: q :: l) ((p - d) :: (q + d) :: l)
  | spread_then : forall l l' l'', spread l l' -> spread l' l'' -> spread l l''.

Lemma sum_permutation (l l' : list R) : Permutation l l' -> sum l = sum l'.
Proof.
  induction 1; simpl; lra.
Qed.

(** A spread keeps the number of samples and their mean. *)
Theorem C5_spread_keeps_mean (l l' : list R) :
  spread l l' -> length l = length l' /\ mean l = mean l'.
Proof.
  intros Hspread.
  assert (Hboth : length l = length l' /\ sum l = sum l').
  { induction Hspread as
      [l l' Hperm | p q d l Hpq Hd | l l' l'' _ [IHlen IHsum] _ [IHlen' IHsum']].
    - split; [now apply Permutation_length | now apply sum_permutation].
    - split; [reflexivity | simpl; ring].
    - split; congruence. }
  destruct Hboth as [Hlength Hsum].
  unfold mean; rewrite Hlength, Hsum; auto.
Qed.

(** Moves go outward, so if the result lies in [0, 1], so did every list before. *)
Lemma spread_in_01 (l l' : list R) :
  spread l l' -> Forall in_01 l' -> Forall in_01 l.
Proof.
  unfold in_01.
  induction 1 as [l l' Hperm | p q d l Hpq Hd | l l' l'' _ IH _ IH']; intros Hin.
  - apply Permutation_sym in Hperm.
    now apply (Permutation_Forall Hperm).
  - inversion_clear Hin as [| ? ? Hp Hrest].
    inversion_clear Hrest as [| ? ? Hq Hl].
    constructor; [lra | constructor; [lra | exact Hl]].
  - auto.
Qed.

Lemma spread_raises_sum (r : R -> R) (l l' : list R) :
  convex_on in_01 r -> spread l l' -> Forall in_01 l' ->
  sum (map r l) <= sum (map r l').
Proof.
  intros Hconvex.
  induction 1 as [l l' Hperm | p q d l Hpq Hd | l l' l'' _ IH Hspread' IH']; intros Hin.
  - rewrite (sum_permutation (map r l) (map r l')); [lra |].
    now apply Permutation_map.
  - inversion_clear Hin as [| ? ? Hp Hrest].
    inversion_clear Hrest as [| ? ? Hq _].
    pose proof (convex_apart in_01 r p q d Hconvex Hp Hq Hpq Hd).
    simpl; lra.
  - apply Rle_trans with (sum (map r l')); [| now apply IH'].
    apply IH; now apply spread_in_01 with l''.
Qed.

(** For a convex [r], every spread of finitely many label probabilities raises or keeps
    the mean of [r]. *)
Theorem C5_transfers (r : R -> R) (l l' : list R) :
  convex_on in_01 r -> spread l l' -> Forall in_01 l' ->
  mean (map r l) <= mean (map r l').
Proof.
  intros Hconvex Hspread Hin.
  destruct (C5_spread_keeps_mean l l' Hspread) as [Hlength _].
  unfold mean; rewrite !map_length, Hlength.
  destruct l' as [| p l'].
  - destruct l; [simpl; lra | discriminate].
  - apply Rmult_le_compat_r.
    + apply Rlt_le, Rinv_0_lt_compat, lt_0_INR; simpl; apply Nat.lt_0_succ.
    + now apply spread_raises_sum.
Qed.

(** ** Splitting *)

(** So does replacing each label probability by a law on [[0, 1]] of which it is the
    mean. *)
Theorem C5_splitting (r : R -> R) (samples : list law) :
  convex_on in_01 r ->
  Forall is_law samples ->
  Forall (Forall (fun wx => in_01 (snd wx))) samples ->
  mean (map r (map moment samples)) <= mean (map (expect r) samples).
Proof.
  intros Hconvex Hlaws Hvalues.
  unfold mean; rewrite !map_length.
  apply Rmult_le_compat_r.
  - destruct samples as [| s samples].
    + simpl; rewrite Rinv_0; lra.
    + apply Rlt_le, Rinv_0_lt_compat, lt_0_INR; simpl; apply Nat.lt_0_succ.
  - induction samples as [| s samples IH]; simpl.
    + lra.
    + inversion_clear Hlaws as [| ? ? Hs Hlaws'].
      inversion_clear Hvalues as [| ? ? Hsv Hvalues'].
      pose proof (jensen 0 1 r s Hconvex Hs Hsv).
      specialize (IH Hlaws' Hvalues'); lra.
Qed.
