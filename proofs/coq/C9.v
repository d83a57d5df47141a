(** * C9: the smallest number of successes that certifies

    Statement.  The Clopper-Pearson bound for [k] successes exceeds 1/2, so that a positive
    radius is certified, if and only if at least [k] heads in [N] tosses of a fair coin
    have probability below [alpha].  At N = 16 and alpha = 0.1 the smallest such [k] is 12:
    the success rate 0.75 that the paper uses as p_min.

    Idea.  The tail is increasing in [p] and equals [alpha] at the bound.  For a fair coin
    it is a number of outcomes over [2^N]; for 16 tosses, 2517 and 6885 of 65536. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia Arith ZArith.
From RSTheory Require Import Setting Convexity BinomialLaw C1.
Open Scope R_scope.

(** A count certifies iff at [p = 1/2] so many successes or more have probability below
    [alpha]. *)
Theorem C9 (N : nat) (alpha : R) (L : nat -> R) (k : nat) :
  clopper_pearson N alpha L -> (1 <= k <= N)%nat ->
  (1/2 < L k <-> tail N k (1/2) < alpha).
Proof.
  intros [_ HL] Hk.
  destruct (HL k Hk) as [Hin Htail].
  assert (Hhalf : in_01 (1/2)) by (unfold in_01; lra).
  rewrite <- Htail; split; intros H.
  - now apply tail_increasing.
  - now apply (tail_reflects N k).
Qed.

(** The number of outcomes of [N] tosses with at least [k] heads. *)
Fixpoint outcomes (N k : nat) : Z :=
  match N, k with
  | O, O => 1
  | O, S _ => 0
  | S N', O => 2 * outcomes N' O
  | S N', S k' => outcomes N' (S k') + outcomes N' k'
  end%Z.

Lemma fair_tail (N k : nat) : tail N k (1/2) * 2 ^ N = IZR (outcomes N k).
Proof.
  assert (Hshift : forall k j, at_least (S k) (S j) = at_least k j).
  { intros k' j; unfold at_least; destruct (le_dec (S k') (S j)), (le_dec k' j); trivial; lia. }
  assert (Hzero : forall j, at_least 0 j = 1).
  { intros j; unfold at_least; destruct (le_dec 0 j); [reflexivity | lia]. }
  unfold tail; revert k; induction N as [| N IH]; intros k.
  - destruct k; simpl; unfold at_least; simpl; ring.
  - simpl expected; rewrite <- (tech_pow_Rmult 2 N).
    destruct k as [| k]; cbn [outcomes].
    + rewrite mult_IZR, <- IH.
      assert (Hall : expected N (fun j => at_least 0 (S j)) (1/2)
                     = expected N (at_least 0) (1/2)).
      { apply expected_ext; intros j _; now rewrite (Hzero j), (Hzero (S j)). }
      rewrite Hall; field.
    + rewrite plus_IZR, <- !IH.
      assert (Hall : expected N (fun j => at_least (S k) (S j)) (1/2)
                     = expected N (at_least k) (1/2)).
      { apply expected_ext; intros j _; apply Hshift. }
      rewrite Hall; field.
Qed.

(** At [N = 16], [alpha = 1/10] twelve successes certify and eleven do not. *)
Theorem C9_sixteen (L : nat -> R) :
  clopper_pearson 16 (1/10) L -> 1/2 < L 12%nat /\ L 11%nat <= 1/2.
Proof.
  intros HL.
  pose proof (fair_tail 16 12) as H12.
  pose proof (fair_tail 16 11) as H11.
  replace (outcomes 16 12) with 2517%Z in H12 by (vm_compute; reflexivity).
  replace (outcomes 16 11) with 6885%Z in H11 by (vm_compute; reflexivity).
  replace (2 ^ 16) with 65536 in H12, H11 by (simpl; ring).
  split.
  - apply (C9 16 (1/10) L 12 HL); [lia | lra].
  - apply Rnot_lt_le; intros Hlt.
    apply (C9 16 (1/10) L 11 HL) in Hlt; [lra | lia].
Qed.
