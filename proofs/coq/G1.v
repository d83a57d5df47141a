(** * G1, G2, G3: a test that may stop at any time

    In ordinary words.  To reject "p <= q", bet against it.  The wealth after [k] successes
    and [j] failures is an average, over alternatives [theta >= q], of the likelihood ratio
    [(theta/q)^k ((1-theta)/(1-q))^j].  It starts at 1.  If it ever reaches [1/alpha],
    reject.

    Statement.
    - One draw multiplies a ratio by at most 1 on average, for every [p <= q]; so every
      average of ratios is a supermartingale, for every [p <= q].
    - Ville: a nonnegative supermartingale that starts at [v] ever reaches [c] within [N]
      draws with probability at most [v / c].
    - G1: hence, whenever the run stops within [N] draws, and for whatever reason, the
      wealth is at least [1/alpha] with probability at most [alpha].
    - G2: a bound [L] that is at most every [q] not yet rejected exceeds [p] at some time
      within [N] draws with probability at most [alpha].
    - G3: giving up early, by any rule at all, does not raise that probability.

    Idea.  [p theta/q + (1-p)(1-theta)/(1-q)] rises in [p] and is 1 at [p = q].  Ville is an
    induction on the number of draws: at a time when the wealth is below [c], the
    probability of reaching [c] later is the mean of what it is after the next draw.  The
    averages are over finitely many [theta] here and over an interval in [G1_mixture.v]. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List Bool.
From RSTheory Require Import Setting Convexity BinomialLaw Paths.
Import ListNotations.
Open Scope R_scope.

(** ** One step *)

(** The likelihood ratio of [theta] to [q] after [k] successes and [j] failures. *)
Definition ratio (theta q : R) (k j : nat) : R :=
  (theta / q) ^ k * ((1 - theta) / (1 - q)) ^ j.

Lemma ratio_start (theta q : R) : ratio theta q 0 0 = 1.
Proof. unfold ratio; simpl; ring. Qed.

Lemma ratio_nonneg (theta q : R) (k j : nat) :
  0 < q < 1 -> in_01 theta -> 0 <= ratio theta q k j.
Proof.
  unfold in_01; intros Hq Htheta; unfold ratio.
  apply Rmult_le_pos; apply pow_le; apply Rmult_le_pos; try lra;
    apply Rlt_le, Rinv_0_lt_compat; lra.
Qed.

(** One draw multiplies a likelihood ratio of [theta >= q] to [q] by at most 1 on average,
    for every [p <= q]. *)
Theorem G1_one_step (theta p q : R) :
  0 < q < 1 -> q <= theta <= 1 -> p <= q ->
  p * (theta / q) + (1 - p) * ((1 - theta) / (1 - q)) <= 1.
Proof.
  intros Hq Htheta Hp.
  assert (Hgap : 1 - (p * (theta / q) + (1 - p) * ((1 - theta) / (1 - q)))
                 = (theta - q) * (q - p) * / (q * (1 - q))) by (field; lra).
  assert (Hpos : 0 <= (theta - q) * (q - p) * / (q * (1 - q))).
  { apply Rmult_le_pos; [apply Rmult_le_pos; lra |].
    apply Rlt_le, Rinv_0_lt_compat, Rmult_lt_0_compat; lra. }
  lra.
Qed.

(** ** Supermartingales of the counts *)

(** The mean of [V] after one more draw is at most [V]. *)
Definition supermartingale (p : R) (V : nat -> nat -> R) : Prop :=
  forall k j, (1 - p) * V k (S j) + p * V (S k) j <= V k j.

Definition nonnegative (V : nat -> nat -> R) : Prop := forall k j, 0 <= V k j.

Lemma ratio_supermartingale (theta p q : R) :
  0 < q < 1 -> q <= theta <= 1 -> p <= q -> supermartingale p (ratio theta q).
Proof.
  intros Hq Htheta Hp k j.
  pose proof (G1_one_step theta p q Hq Htheta Hp) as Hstep.
  pose proof (ratio_nonneg theta q k j Hq) as Hnonneg; unfold in_01 in Hnonneg.
  replace ((1 - p) * ratio theta q k (S j) + p * ratio theta q (S k) j)
    with ((p * (theta / q) + (1 - p) * ((1 - theta) / (1 - q))) * ratio theta q k j)
    by (unfold ratio; simpl; ring).
  rewrite <- (Rmult_1_l (ratio theta q k j)) at 2.
  apply Rmult_le_compat_r; [apply Hnonneg |]; lra.
Qed.

(** A mixture over finitely many [theta], given as a law: a list of (share, theta). *)
Definition mixture (l : law) (q : R) (k j : nat) : R :=
  expect (fun theta => ratio theta q k j) l.

(** Every mixture of likelihood ratios of [theta >= q] to [q] is a supermartingale, for
    every [p <= q]. *)
Theorem G1_finite_mixture (l : law) (p q : R) :
  0 < q < 1 -> p <= q -> Forall (fun wx => 0 <= fst wx /\ q <= snd wx <= 1) l ->
  supermartingale p (mixture l q) /\ nonnegative (mixture l q).
Proof.
  intros Hq Hp Hl; unfold mixture; split.
  - intros k j; induction Hl as [| [w theta] l [Hw Htheta] _ IH]; simpl in *.
    + unfold expect; simpl; lra.
    + rewrite !expect_cons.
      pose proof (ratio_supermartingale theta p q Hq Htheta Hp k j) as Hone.
      apply (Rmult_le_compat_l w) in Hone; lra.
  - intros k j; induction Hl as [| [w theta] l [Hw Htheta] _ IH]; simpl in *.
    + unfold expect; simpl; lra.
    + rewrite expect_cons.
      pose proof (ratio_nonneg theta q k j Hq ltac:(unfold in_01; lra)).
      pose proof (Rmult_le_pos w (ratio theta q k j) Hw ltac:(assumption)); lra.
Qed.

(** ** Ville's inequality *)

(** Does a run that stands at [k] successes and [j] failures ever meet [hit], now or on the
    rest of its path? *)
Fixpoint ever (hit : nat -> nat -> bool) (k j : nat) (w : list bool) : bool :=
  hit k j ||
  match w with
  | [] => false
  | true :: w' => ever hit (S k) j w'
  | false :: w' => ever hit k (S j) w'
  end.

(** That is: at some time [n] of the path. *)
Lemma ever_iff (hit : nat -> nat -> bool) (k j : nat) (w : list bool) :
  ever hit k j w = true <->
  exists n, (n <= length w)%nat /\
    hit (k + successes (firstn n w))%nat (j + failures (firstn n w))%nat = true.
Proof.
  revert k j; induction w as [| d w IH]; intros k j; simpl; rewrite orb_true_iff.
  - split.
    + intros [H | H]; [| discriminate].
      exists 0%nat; simpl; rewrite !Nat.add_0_r; auto.
    + intros [n [Hn H]]; replace n with 0%nat in H by lia; simpl in H.
      rewrite !Nat.add_0_r in H; auto.
  - split.
    + intros [H | H].
      * exists 0%nat; simpl; rewrite !Nat.add_0_r; split; [lia | exact H].
      * destruct d; apply IH in H as [n [Hn H]]; exists (S n); simpl; (split; [lia |]);
          rewrite <- H; f_equal; lia.
    + intros [[| n] [Hn H]]; simpl in H.
      * rewrite !Nat.add_0_r in H; auto.
      * right; destruct d; apply IH; exists n; (split; [lia |]);
          rewrite <- H; f_equal; simpl; lia.
Qed.

Definition reaches (c : R) (V : nat -> nat -> R) (k j : nat) : bool :=
  if Rle_dec c (V k j) then true else false.

(** Ville's inequality: a nonnegative supermartingale reaches [c] at some time within [N]
    draws with probability at most its present value over [c]. *)
Theorem ville (p c : R) (V : nat -> nat -> R) (N k j : nat) :
  in_01 p -> 0 < c -> nonnegative V -> supermartingale p V ->
  over_paths N (fun w => indicator (ever (reaches c V) k j w)) p <= V k j / c.
Proof.
  intros Hp Hc Hnonneg Hsuper.
  assert (Hcinv : 0 < / c) by now apply Rinv_0_lt_compat.
  assert (Hnow : forall k j, c <= V k j -> 1 <= V k j / c).
  { intros k' j' H; apply (Rmult_le_reg_r c); [exact Hc |].
    unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra. }
  assert (Hquotient : forall k j, 0 <= V k j / c).
  { intros k' j'; apply Rmult_le_pos; [apply Hnonneg | lra]. }
  revert k j; induction N as [| N IH]; intros k j; simpl; unfold reaches at 1.
  - destruct (Rle_dec c (V k j)) as [H | H]; simpl; [now apply Hnow | apply Hquotient].
  - unfold reaches at 2; destruct (Rle_dec c (V k j)) as [H | H]; simpl.
    + rewrite !over_paths_const; pose proof (Hnow k j H); lra.
    + apply Rle_trans with ((1 - p) * (V k (S j) / c) + p * (V (S k) j / c)).
      * unfold in_01 in Hp; apply Rplus_le_compat; apply Rmult_le_compat_l; try lra;
          apply IH.
      * replace ((1 - p) * (V k (S j) / c) + p * (V (S k) j / c))
          with (((1 - p) * V k (S j) + p * V (S k) j) / c) by (unfold Rdiv; ring).
        apply Rmult_le_compat_r; [lra | apply Hsuper].
Qed.

(** ** G1, G2 and G3 *)

(** The wealth after the draws [w]. *)
Definition after (V : nat -> nat -> R) (w : list bool) : R := V (successes w) (failures w).

Lemma ever_of_time (hit : nat -> nat -> bool) (n : nat) (w : list bool) :
  hit (successes (firstn n w)) (failures (firstn n w)) = true -> ever hit 0 0 w = true.
Proof.
  intros H; apply ever_iff; exists (min n (length w)); split; [lia |].
  replace (firstn (min n (length w)) w) with (firstn n w); [exact H |].
  destruct (le_lt_dec n (length w)) as [Hle | Hlt].
  - now rewrite Nat.min_l.
  - rewrite Nat.min_r, firstn_all, firstn_all2 by lia; reflexivity.
Qed.

Section Test.

(** A test of "p <= q" at level [alpha]: its wealth starts at no more than 1. *)
Variables (p alpha : R) (V : nat -> nat -> R).
Hypothesis p_01 : in_01 p.
Hypothesis alpha_positive : 0 < alpha.
Hypothesis V_nonneg : nonnegative V.
Hypothesis V_super : supermartingale p V.
Hypothesis V_start : V 0%nat 0%nat <= 1.

(** The wealth ever reaches [1/alpha] within [N] draws with probability at most [alpha]. *)
Theorem G1_ever (N : nat) :
  over_paths N (fun w => indicator (ever (reaches (/ alpha) V) 0 0 w)) p <= alpha.
Proof.
  apply Rle_trans with (V 0%nat 0%nat / / alpha).
  - apply ville; trivial; now apply Rinv_0_lt_compat.
  - unfold Rdiv; rewrite Rinv_inv.
    rewrite <- (Rmult_1_l alpha) at 2; apply Rmult_le_compat_r; lra.
Qed.

(** Whenever a run of at most [N] draws stops, after [T w] of them and for whatever reason,
    its wealth is at least [1/alpha] with probability at most [alpha]. *)
Theorem G1_stopped (N : nat) (T : list bool -> nat) :
  over_paths N (fun w => indicator
    (if Rle_dec (/ alpha) (after V (firstn (T w) w)) then true else false)) p <= alpha.
Proof.
  apply Rle_trans with (2 := G1_ever N).
  apply over_paths_implies; [exact p_01 |].
  intros w _ H; now apply (ever_of_time _ (T w)).
Qed.

(** Draw by draw: certify as soon as the wealth reaches [1/alpha]; otherwise give up if the
    rule says so, given all the draws so far. *)
Fixpoint certifies (abandon : list bool -> bool) (before rest : list bool) : bool :=
  if Rle_dec (/ alpha) (after V before) then true
  else if abandon before then false
  else match rest with
       | [] => false
       | d :: rest' => certifies abandon (before ++ [d]) rest'
       end.

Lemma successes_app (w w' : list bool) :
  successes (w ++ w') = (successes w + successes w')%nat.
Proof. induction w as [| [|] w IH]; simpl; lia. Qed.

Lemma failures_app (w w' : list bool) :
  failures (w ++ w') = (failures w + failures w')%nat.
Proof. induction w as [| [|] w IH]; simpl; lia. Qed.

Lemma certifies_reaches (abandon : list bool -> bool) (before rest : list bool) :
  certifies abandon before rest = true ->
  ever (reaches (/ alpha) V) (successes before) (failures before) rest = true.
Proof.
  revert before; induction rest as [| d rest IH]; intros before; simpl; unfold reaches at 1.
  - unfold after; destruct (Rle_dec (/ alpha) (V (successes before) (failures before)));
      [reflexivity |].
    destruct (abandon before); discriminate.
  - unfold after; destruct (Rle_dec (/ alpha) (V (successes before) (failures before)));
      [reflexivity |].
    destruct (abandon before); [discriminate |].
    intros H; apply IH in H; rewrite successes_app, failures_app in H.
    destruct d; simpl in H; rewrite Nat.add_0_r, Nat.add_1_r in H; exact H.
Qed.

(** Giving up early, by any rule at all, needs no correction: the run still certifies with
    probability at most [alpha]. *)
Theorem G3 (N : nat) (abandon : list bool -> bool) :
  over_paths N (fun w => indicator (certifies abandon [] w)) p <= alpha.
Proof.
  apply Rle_trans with (2 := G1_ever N).
  apply over_paths_implies; [exact p_01 |].
  intros w _ H; exact (certifies_reaches abandon [] w H).
Qed.

End Test.

(** The wealth against [q], for all [q] at once, and a lower bound for [p]: at most every
    [q] in (0, 1) that is not rejected now. *)
Definition anytime_bound (alpha : R) (W : R -> nat -> nat -> R) (L : nat -> nat -> R) : Prop :=
  forall k j q, 0 < q < 1 -> W q k j < / alpha -> L k j <= q.

(** The bound, the infimum of the values not rejected or anything below it, exceeds [p] at
    some time within [N] draws with probability at most [alpha]. *)
Theorem G2 (p alpha : R) (W : R -> nat -> nat -> R) (L : nat -> nat -> R) (N : nat) :
  0 < p < 1 -> 0 < alpha ->
  nonnegative (W p) -> supermartingale p (W p) -> W p 0%nat 0%nat <= 1 ->
  anytime_bound alpha W L ->
  over_paths N (fun w => indicator
    (ever (fun k j => if Rlt_dec p (L k j) then true else false) 0 0 w)) p <= alpha.
Proof.
  intros Hp Halpha Hnonneg Hsuper Hstart HL.
  assert (Hp01 : in_01 p) by (unfold in_01; lra).
  apply Rle_trans with (2 := G1_ever p alpha (W p) Hp01 Halpha Hnonneg Hsuper Hstart N).
  apply over_paths_implies; [exact Hp01 |].
  intros w _ H; apply ever_iff in H as [n [Hn H]]; apply ever_iff; exists n.
  split; [exact Hn |]; simpl in *; unfold reaches.
  set (k := successes (firstn n w)) in *; set (j := failures (firstn n w)) in *.
  destruct (Rlt_dec p (L k j)) as [Hlt | _]; [| discriminate].
  destruct (Rle_dec (/ alpha) (W p k j)) as [_ | Hbelow]; [reflexivity |].
  pose proof (HL k j p Hp ltac:(lra)); lra.
Qed.
