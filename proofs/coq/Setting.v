(** * Setting: the words that the other files share

    In ordinary words.  Noise N(0, sigma^2 I) is added to an input, and a base
    classifier votes.  [Phi] stands for the standard normal distribution
    function; most of section B needs no more of it than that it is strictly
    increasing with values in (0, 1) (and [Phi 0 = 1/2] where abstention
    matters), so it stays a variable there.  File [Gaussian.v] shows that the
    real one has these properties.

    When all [N] draws agree, the Clopper-Pearson lower bound at confidence
    [1 - alpha] is [alpha^(1/N)].  A bound [L] that exceeds 1/2 certifies the
    radius [sigma * z], where [z] is the [Phi]-quantile of [L]; a bound that
    does not exceed 1/2 makes the procedure abstain, radius 0.

    The average certified radius (ACR) is the mean over the dataset of the
    radius of the correctly classified samples, the others counting 0. *)

Require Import Reals Lra Lia List Arith ZArith.
Import ListNotations.
Open Scope R_scope.

(** ** Distribution functions *)

Definition strictly_increasing (Phi : R -> R) : Prop :=
  forall x y, x < y -> Phi x < Phi y.

Definition valued_in_01 (Phi : R -> R) : Prop :=
  forall x, 0 < Phi x < 1.

(** ** Bound and radius *)

(** [alpha^(1/N)], the bound when all [N] draws agree. *)
Definition full_bound (alpha : R) (N : nat) : R :=
  Rpower alpha (/ INR N).

(** The certified radius for a bound [L] with quantile [z]. *)
Definition radius (sigma L z : R) : R :=
  if Rlt_dec (1/2) L then sigma * z else 0.

(** ** Means over finite samples *)

Fixpoint sum (l : list R) : R :=
  match l with
  | [] => 0
  | x :: l' => x + sum l'
  end.

Definition mean (l : list R) : R := sum l / INR (length l).

(** A law with finitely many values: a list of (share, value).  [expect f l] is the
    expected value of [f] under [l]. *)
Definition law : Type := list (R * R).

Definition expect (f : R -> R) (l : law) : R :=
  sum (map (fun wx => fst wx * f (snd wx)) l).

Lemma expect_cons (f : R -> R) (w x : R) (l : law) :
  expect f ((w, x) :: l) = w * f x + expect f l.
Proof. reflexivity. Qed.

(** The shares are nonnegative and add up to 1. *)
Definition is_law (l : law) : Prop :=
  Forall (fun wx => 0 <= fst wx) l /\ expect (fun _ => 1) l = 1.

(** ** The constant classifier

    The classifier that always answers [c] earns the radius [rad] on the samples
    whose label is [c], and 0 on the others. *)

Definition ACR_constant (c : nat) (labels : list nat) (rad : R) : R :=
  mean (map (fun y => if Nat.eq_dec y c then rad else 0) labels).

(** The share of the samples with label [c]. *)
Definition share (c : nat) (labels : list nat) : R :=
  INR (count_occ Nat.eq_dec labels c) / INR (length labels).

(** Its ACR is the share of its class times the radius. *)
Lemma ACR_constant_is_share (c : nat) (labels : list nat) (rad : R) :
  ACR_constant c labels rad = share c labels * rad.
Proof.
  unfold ACR_constant, share, mean.
  rewrite map_length.
  assert (Hsum : sum (map (fun y => if Nat.eq_dec y c then rad else 0) labels)
                 = INR (count_occ Nat.eq_dec labels c) * rad).
  { induction labels as [| y labels IH]; simpl map; simpl sum; simpl count_occ.
    - simpl; ring.
    - rewrite IH; destruct (Nat.eq_dec y c).
      + rewrite S_INR; ring.
      + ring. }
  rewrite Hsum; unfold Rdiv; ring.
Qed.

(** ** Archimedes: budgets are unbounded *)

Lemma INR_unbounded (x : R) : exists N : nat, x < INR N.
Proof.
  exists (Z.to_nat (up x)).
  destruct (archimed x) as [Hup _].
  apply Rlt_le_trans with (1 := Hup).
  rewrite INR_IZR_INZ.
  apply IZR_le; lia.
Qed.
