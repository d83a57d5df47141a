(** * D4: a band for the whole curve

    Statement.  [T] samples are certified independently, sample [i] with label
    probability [p_i] and a bound that exceeds it with probability at most [alpha]
    (C1).
    - The number of samples whose bound exceeds the truth is stochastically at most
      Bin(T, alpha): its expected value under every non-decreasing [g], in particular
      its tail, is at most the binomial one.
    - Whenever at most [m] bounds exceed the truth,
      [#{i : p_i >= u} >= #{i : L_i >= u} - m] for all [u] at once.

    Together: with probability at least P(Bin(T, alpha) <= m) the whole curve lies above
    the curve of the bounds lowered by [m].

    Idea.  Condition on one sample at a time.  And a sample that counts for the bounds but
    not for the truth, [L_i >= u > p_i], is one whose bound exceeds the truth. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List Arith.
From RSTheory Require Import Setting Convexity BinomialLaw C1.
Import ListNotations.
Open Scope R_scope.

(** The expected value of [g K], where [K] counts the successes of independent events
    with the given probabilities. *)
Fixpoint expected_count (es : list R) (g : nat -> R) : R :=
  match es with
  | [] => g O
  | e :: es' => (1 - e) * expected_count es' g + e * expected_count es' (fun k => g (S k))
  end.

Definition non_decreasing_in_count (g : nat -> R) : Prop := forall k, g k <= g (S k).

(** If each of T independent bounds errs with probability at most [alpha], the number of
    errors is stochastically at most Bin(T, alpha). *)
Theorem D4_stochastically_below (alpha : R) (es : list R) (g : nat -> R) :
  alpha <= 1 -> Forall (fun e => 0 <= e <= alpha) es -> non_decreasing_in_count g ->
  expected_count es g <= expected (length es) g alpha.
Proof.
  intros Halpha Hes; revert g.
  induction Hes as [| e es He _ IH]; intros g Hg; simpl.
  - lra.
  - assert (Hshift : non_decreasing_in_count (fun k => g (S k))) by (intros k; apply Hg).
    pose proof (IH g Hg); pose proof (IH (fun k => g (S k)) Hshift).
    assert (Hmore : expected (length es) g alpha
                    <= expected (length es) (fun k => g (S k)) alpha).
    { apply expected_le; [unfold in_01; lra | intros k _; apply Hg]. }
    apply Rle_trans with ((1 - e) * expected (length es) g alpha
                          + e * expected (length es) (fun k => g (S k)) alpha).
    + apply Rplus_le_compat; apply Rmult_le_compat_l; lra.
    + nra.
Qed.

(** The tail: more than [m] errors are at most as likely as under Bin(T, alpha). *)
Corollary D4_tail (alpha : R) (es : list R) (m : nat) :
  alpha <= 1 -> Forall (fun e => 0 <= e <= alpha) es ->
  expected_count es (at_least (S m)) <= tail (length es) (S m) alpha.
Proof.
  intros Halpha Hes; apply D4_stochastically_below; trivial.
  intros k; apply at_least_non_decreasing.
Qed.

(** ** The deterministic part *)

(** The number of pairs [(p_i, L_i)] with a decidable property. *)
Fixpoint count (P : R * R -> bool) (l : list (R * R)) : nat :=
  match l with
  | [] => 0
  | x :: l' => (if P x then 1 else 0) + count P l'
  end.

Definition truth_at_least (u : R) (x : R * R) : bool :=
  if Rle_dec u (fst x) then true else false.

Definition bound_at_least (u : R) (x : R * R) : bool :=
  if Rle_dec u (snd x) then true else false.

Definition bound_exceeds (x : R * R) : bool :=
  if Rlt_dec (fst x) (snd x) then true else false.

(** Whenever at most [m] bounds exceed the truth, the count of samples with [p >= u] is
    at least that of bounds [>= u], less [m], at all [u] at once. *)
Theorem D4_band (l : list (R * R)) (m : nat) :
  (count bound_exceeds l <= m)%nat ->
  forall u, (count (bound_at_least u) l <= count (truth_at_least u) l + m)%nat.
Proof.
  intros Hm u.
  enough (count (bound_at_least u) l
          <= count (truth_at_least u) l + count bound_exceeds l)%nat by lia.
  clear m Hm; induction l as [| [p b] l IH]; simpl; [lia |].
  unfold truth_at_least at 1, bound_at_least at 1, bound_exceeds at 1; simpl.
  destruct (Rle_dec u b), (Rle_dec u p), (Rlt_dec p b); try lia; lra.
Qed.

(** ** With the Clopper-Pearson bound *)

(** The probability that the bound of a sample exceeds its label probability [p]. *)
Definition error_probability (N : nat) (L : nat -> R) (p : R) : R :=
  expected N (fun k => if Rlt_dec p (L k) then 1 else 0) p.

(** For Clopper-Pearson bounds, more than [m] errors are at most as likely as under
    Bin(T, alpha). *)
Theorem D4_certification (N : nat) (alpha : R) (L : nat -> R) (ps : list R) (m : nat) :
  0 < alpha < 1 -> clopper_pearson N alpha L -> Forall in_01 ps ->
  expected_count (map (error_probability N L) ps) (at_least (S m))
  <= tail (length ps) (S m) alpha.
Proof.
  intros Halpha HL Hps.
  rewrite <- (map_length (error_probability N L) ps).
  apply D4_tail; [lra |].
  apply Forall_forall; intros e Hin.
  apply in_map_iff in Hin as [p [<- Hin]].
  pose proof (proj1 (Forall_forall _ ps) Hps p Hin) as Hp.
  split.
  - rewrite <- (expected_const N 0 p).
    apply expected_le; [exact Hp |].
    intros k _; destruct (Rlt_dec p (L k)); lra.
  - now apply C1.
Qed.
