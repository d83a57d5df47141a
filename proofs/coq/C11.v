(** * C11: the randomized Clopper-Pearson bound has exactly the stated level

    In ordinary words.  The count takes whole values only, so the Clopper-Pearson bound errs
    with probability below [alpha] at most [p].  A uniform number [u], drawn once and kept
    in the log, fills the gap: [randomized_tail N k u p] counts more than [k] successes
    in full and exactly [k] with weight [u].

    Statement.  The bound [L k u] is the value in [0, 1] at which the randomized tail is
    [alpha]; it is 0 where the tail is above [alpha] everywhere, and 1 where it is below
    [alpha] everywhere.  (The latter occurs: all draws succeed and [u < alpha].)  Then
    - it exists;
    - the bound exceeds [p] with probability exactly [alpha], for every [0 < p < 1] and
      [N >= 1]: the mean over the count of the length of the set of [u] with [p < L k u];
    - it is never below the plain bound.

    Idea.  [p < L k u] iff the randomized tail at [p] is below [alpha].  For a given [k]
    the length of the set of those [u], times the probability of [k], is
    [min alpha (tail k) - min alpha (tail (k+1))]; the sum over [k] telescopes. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia Arith.
From RSTheory Require Import Setting Convexity SecondDerivative BinomialLaw C1.
Open Scope R_scope.

(** P(K > k) + u P(K = k) *)
Definition randomized_tail (N k : nat) (u p : R) : R :=
  (1 - u) * tail N (S k) p + u * tail N k p.

(** That is what it is. *)
Lemma randomized_tail_alt (N k : nat) (u p : R) :
  randomized_tail N k u p
  = tail N (S k) p + u * expected N (fun i => if Nat.eq_dec i k then 1 else 0) p.
Proof.
  unfold randomized_tail.
  enough (H : tail N k p = tail N (S k) p
              + expected N (fun i => if Nat.eq_dec i k then 1 else 0) p) by (rewrite H; ring).
  unfold tail; rewrite <- expected_plus; apply expected_ext; intros i _.
  unfold at_least; destruct (le_dec k i), (le_dec (S k) i), (Nat.eq_dec i k);
    try lia; ring.
Qed.

Definition randomized_bound (N : nat) (alpha : R) (L : nat -> R -> R) : Prop :=
  forall k u, (k <= N)%nat -> 0 <= u <= 1 ->
    in_01 (L k u) /\
    (randomized_tail N k u (L k u) = alpha
     \/ (L k u = 0 /\ forall p, in_01 p -> alpha < randomized_tail N k u p)
     \/ (L k u = 1 /\ forall p, in_01 p -> randomized_tail N k u p < alpha)).

(** ** The tails *)

Lemma tail_0 (N : nat) (p : R) : tail N 0 p = 1.
Proof.
  unfold tail; rewrite (expected_ext N _ (fun _ => 1)); [apply expected_const |].
  intros k _; unfold at_least; destruct (le_dec 0 k); [reflexivity | lia].
Qed.

Lemma tail_beyond (N : nat) (p : R) : tail N (S N) p = 0.
Proof.
  unfold tail; rewrite (expected_ext N _ (fun _ => 0)); [apply expected_const |].
  intros k Hk; unfold at_least; destruct (le_dec (S N) k); [lia | reflexivity].
Qed.

Lemma randomized_tail_non_decreasing (N k : nat) (u p q : R) :
  0 <= u <= 1 -> in_01 p -> in_01 q -> p <= q ->
  randomized_tail N k u p <= randomized_tail N k u q.
Proof.
  intros Hu Hp Hq Hpq; unfold randomized_tail.
  apply Rplus_le_compat; (apply Rmult_le_compat_l; [lra | now apply tail_non_decreasing]).
Qed.

(** Strictly, wherever it is neither 0 nor 1. *)
Lemma randomized_tail_increasing (N k : nat) (u p q : R) :
  (0 < N)%nat -> (k <= N)%nat -> 0 <= u <= 1 -> in_01 p -> in_01 q -> p < q ->
  0 < randomized_tail N k u q < 1 ->
  randomized_tail N k u p < randomized_tail N k u q.
Proof.
  intros HN Hk Hu Hp Hq Hpq; unfold randomized_tail; intros Hinside.
  pose proof (tail_non_decreasing N (S k) p q Hp Hq (Rlt_le _ _ Hpq)) as Hmore.
  pose proof (tail_non_decreasing N k p q Hp Hq (Rlt_le _ _ Hpq)) as Hless.
  destruct (Nat.eq_dec k N) as [-> | HkN].
  - (* all succeed: the second tail decides, and u > 0 *)
    rewrite !tail_beyond in *.
    assert (Hu0 : 0 < u) by (destruct Hu as [[Hu | <-] _]; [exact Hu | lra]).
    pose proof (tail_increasing N N p q ltac:(lia) Hp Hq Hpq); nra.
  - pose proof (tail_increasing N (S k) p q ltac:(lia) Hp Hq Hpq) as Hstrict.
    destruct (Nat.eq_dec k 0) as [-> | Hk0].
    + rewrite !tail_0 in *.
      assert (Hu1 : u < 1) by (destruct Hu as [_ [Hu | ->]]; [exact Hu | lra]).
      nra.
    + pose proof (tail_increasing N k p q ltac:(lia) Hp Hq Hpq) as Hstrict'.
      destruct Hu as [[Hu0 | <-] Hu1]; [| lra].
      apply Rplus_le_lt_compat; [apply Rmult_le_compat_l | apply Rmult_lt_compat_l]; lra.
Qed.

(** The bound exists. *)
Theorem C11_exists (N : nat) (alpha : R) :
  (0 < N)%nat -> 0 < alpha < 1 -> {L : nat -> R -> R | randomized_bound N alpha L}.
Proof.
  intros HN Halpha.
  assert (Heach : forall k u, {x : R | (k <= N)%nat -> 0 <= u <= 1 ->
    in_01 x /\
    (randomized_tail N k u x = alpha
     \/ (x = 0 /\ forall p, in_01 p -> alpha < randomized_tail N k u p)
     \/ (x = 1 /\ forall p, in_01 p -> randomized_tail N k u p < alpha))}).
  { intros k u.
    destruct (Rlt_le_dec alpha (randomized_tail N k u 0)) as [Habove | Hlow].
    { exists 0; intros Hk Hu; split; [unfold in_01; lra |]; right; left; split; trivial.
      intros p Hp; apply Rlt_le_trans with (1 := Habove).
      apply randomized_tail_non_decreasing; trivial; unfold in_01 in *; lra. }
    destruct (Rlt_le_dec (randomized_tail N k u 1) alpha) as [Hbelow | Hhigh].
    { exists 1; intros Hk Hu; split; [unfold in_01; lra |]; right; right; split; trivial.
      intros p Hp; apply Rle_lt_trans with (2 := Hbelow).
      apply randomized_tail_non_decreasing; trivial; unfold in_01 in *; lra. }
    assert (Hbetween : Rmin (randomized_tail N k u 0) (randomized_tail N k u 1) <= alpha
                       <= Rmax (randomized_tail N k u 0) (randomized_tail N k u 1)).
    { rewrite Rmin_left, Rmax_right; lra. }
    destruct (IVT_gen (randomized_tail N k u) 0 1 alpha) as [x [Hx Htail]];
      [| exact Hbetween |].
    - intros x; apply continuity_pt_filterlim.
      apply (ex_derive_continuous (V := R_NormedModule)); unfold randomized_tail.
      apply (ex_derive_plus (V := R_NormedModule)); apply ex_derive_mult;
        try apply ex_derive_const; unfold tail;
        (destruct N as [| N']; [lia | eexists; apply derive_expected]).
    - exists x; intros _ _; split; [| left; exact Htail].
      rewrite Rmin_left, Rmax_right in Hx by lra; exact Hx. }
  exists (fun k u => proj1_sig (Heach k u)); intros k u Hk Hu.
  exact (proj2_sig (Heach k u) Hk Hu).
Qed.

(** ** The level *)

(** The length of the part of [0, 1] below [c]. *)
Lemma length_below (c : R) :
  is_RInt (fun u => if Rlt_dec u c then 1 else 0) 0 1 (Rmax 0 (Rmin 1 c)).
Proof.
  assert (Hconst : forall x y v I : R, (y - x) * v = I -> is_RInt (fun _ => v) x y I)
    by (intros x y v I <-; exact (is_RInt_const x y v)).
  destruct (Rle_lt_dec c 0) as [Hlow | Hpos].
  { rewrite Rmin_right, Rmax_left by lra.
    apply is_RInt_ext with (f := fun _ => 0); [| apply Hconst; ring].
    rewrite Rmin_left, Rmax_right by lra; intros u Hu; destruct (Rlt_dec u c); lra. }
  destruct (Rle_lt_dec 1 c) as [Hhigh | Hlt1].
  { rewrite Rmin_left, Rmax_right by lra.
    apply is_RInt_ext with (f := fun _ => 1); [| apply Hconst; ring].
    rewrite Rmin_left, Rmax_right by lra; intros u Hu; destruct (Rlt_dec u c); lra. }
  rewrite Rmin_right, Rmax_right by lra.
  assert (Hbelow : is_RInt (fun u => if Rlt_dec u c then 1 else 0) 0 c c).
  { apply is_RInt_ext with (f := fun _ => 1); [| apply Hconst; ring].
    rewrite Rmin_left, Rmax_right by lra; intros u Hu; destruct (Rlt_dec u c); lra. }
  assert (Habove : is_RInt (fun u => if Rlt_dec u c then 1 else 0) c 1 0).
  { apply is_RInt_ext with (f := fun _ => 0); [| apply Hconst; ring].
    rewrite Rmin_left, Rmax_right by lra; intros u Hu; destruct (Rlt_dec u c); lra. }
  pose proof (is_RInt_Chasles _ _ _ _ _ _ Hbelow Habove) as Hall.
  unfold plus in Hall; simpl in Hall; rewrite Rplus_0_r in Hall; exact Hall.
Qed.

(** An expected value by the tails. *)
Lemma expected_by_tails (N : nat) (g : nat -> R) (p : R) :
  expected N g p = sum_f_R0 (fun k => (tail N k p - tail N (S k) p) * g k) N.
Proof.
  transitivity (expected N (fun i => sum_f_R0 (fun k =>
    g k * (at_least k i + -1 * at_least (S k) i)) N) p).
  - apply expected_ext; intros i Hi; symmetry.
    rewrite (sum_single _ N i Hi).
    + unfold at_least; destruct (le_dec i i), (le_dec (S i) i); try lia; ring.
    + intros k _ Hneq; unfold at_least; destruct (le_dec k i), (le_dec (S k) i); try lia; ring.
  - rewrite expected_sum; apply sum_eq; intros k _.
    rewrite expected_scal, expected_plus, expected_scal; unfold tail; ring.
Qed.

Lemma telescope (f : nat -> R) (N : nat) :
  sum_f_R0 (fun k => f k - f (S k)) N = f 0%nat - f (S N).
Proof. induction N as [| N IH]; simpl; [ring | rewrite IH; ring]. Qed.

Section Level.

Variables (N : nat) (alpha : R) (L : nat -> R -> R).
Hypothesis N_positive : (0 < N)%nat.
Hypothesis alpha_01 : 0 < alpha < 1.
Hypothesis L_bound : randomized_bound N alpha L.

Lemma exceeds_iff (k : nat) (u p : R) :
  (k <= N)%nat -> 0 <= u <= 1 -> 0 < p < 1 ->
  (p < L k u <-> randomized_tail N k u p < alpha).
Proof.
  intros Hk Hu Hp; assert (Hp01 : in_01 p) by (unfold in_01; lra).
  destruct (L_bound k u Hk Hu) as [HL [Heq | [[Hzero Habove] | [Hone Hbelow]]]].
  - split; intros H.
    + rewrite <- Heq; apply randomized_tail_increasing; trivial; rewrite Heq; lra.
    + destruct (Rlt_le_dec p (L k u)) as [Hlt | Hge]; [exact Hlt |].
      pose proof (randomized_tail_non_decreasing N k u _ _ Hu HL Hp01 Hge); lra.
  - pose proof (Habove p Hp01); lra.
  - pose proof (Hbelow p Hp01); lra.
Qed.

(** The length of the set of [u] for which the bound exceeds [p], at [k] successes. *)
Lemma length_exceeding (k : nat) (p : R) :
  (k <= N)%nat -> 0 < p < 1 ->
  (tail N k p - tail N (S k) p)
    * RInt (fun u => if Rlt_dec p (L k u) then 1 else 0) 0 1
  = Rmin alpha (tail N k p) - Rmin alpha (tail N (S k) p).
Proof.
  intros Hk Hp.
  set (x := tail N k p); set (y := tail N (S k) p).
  assert (Hmass : 0 < x - y).
  { pose proof (tail_strictly_more N k p Hk Hp); unfold x, y; lra. }
  rewrite (is_RInt_unique _ 0 1 (Rmax 0 (Rmin 1 ((alpha - y) / (x - y))))).
  - assert (Hc : (alpha - y) / (x - y) * (x - y) = alpha - y) by (field; lra).
    set (c := (alpha - y) / (x - y)) in *.
    unfold Rmax, Rmin.
    destruct (Rle_dec 1 c), (Rle_dec alpha x), (Rle_dec alpha y);
      try destruct (Rle_dec 0 c); try destruct (Rle_dec 0 1); nra.
  - apply is_RInt_ext with (2 := length_below _).
    rewrite Rmin_left, Rmax_right by lra; intros u Hu.
    pose proof (exceeds_iff k u p Hk ltac:(lra) Hp) as Hiff.
    unfold randomized_tail in Hiff; fold x y in Hiff.
    assert (Hquotient : u < (alpha - y) / (x - y) <-> (1 - u) * y + u * x < alpha).
    { split; intros H.
      - apply (Rmult_lt_compat_r (x - y)) in H; [| exact Hmass].
        unfold Rdiv in H; rewrite Rmult_assoc, Rinv_l in H; lra.
      - apply (Rmult_lt_reg_r (x - y)); [exact Hmass |].
        unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra. }
    destruct (Rlt_dec u ((alpha - y) / (x - y))), (Rlt_dec p (L k u)); tauto.
Qed.

(** With [u] uniform, the bound exceeds [p] with probability exactly [alpha], whatever [p]
    is. *)
Theorem C11 (p : R) :
  0 < p < 1 ->
  expected N (fun k => RInt (fun u => if Rlt_dec p (L k u) then 1 else 0) 0 1) p = alpha.
Proof.
  intros Hp; rewrite expected_by_tails.
  rewrite (sum_eq _ (fun k => Rmin alpha (tail N k p) - Rmin alpha (tail N (S k) p))).
  - rewrite (telescope (fun k => Rmin alpha (tail N k p))), tail_0, tail_beyond.
    rewrite Rmin_left, Rmin_right; lra.
  - intros k Hk; now apply length_exceeding.
Qed.

(** The randomized bound is never below the plain one. *)
Theorem C11_above_plain (B : nat -> R) (k : nat) (u : R) :
  clopper_pearson N alpha B -> (k <= N)%nat -> 0 <= u <= 1 -> B k <= L k u.
Proof.
  intros [Hzero Hpos] Hk Hu.
  destruct (L_bound k u Hk Hu) as [HL Hcases].
  destruct (Nat.eq_dec k 0) as [-> | Hk0]; [rewrite Hzero; apply HL |].
  destruct (Hpos k ltac:(lia)) as [HB Htail].
  assert (Hless : forall p, in_01 p -> randomized_tail N k u p <= tail N k p).
  { intros p Hp; pose proof (tail_more_successes N k p Hp); unfold randomized_tail; nra. }
  destruct (Rle_lt_dec (B k) (L k u)) as [Hle | Hgt]; [exact Hle | exfalso].
  pose proof (tail_increasing N k _ _ ltac:(lia) HL HB Hgt) as Hlt.
  pose proof (Hless (L k u) HL) as HlessL; pose proof (Hless (B k) HB) as HlessB.
  destruct Hcases as [Heq | [[_ Habove] | [Hone _]]].
  - lra.
  - pose proof (Habove (L k u) HL); lra.
  - unfold in_01 in HB; lra.
Qed.

(** It is 1, which certifies everything, when all draws succeed and [u < alpha]. *)
Theorem C11_all_agree (u : R) : 0 <= u < alpha -> L N u = 1.
Proof.
  intros Hu.
  assert (Hbelow : forall p, in_01 p -> randomized_tail N N u p < alpha).
  { intros p Hp; unfold randomized_tail; rewrite tail_beyond, tail_all.
    assert (p ^ N <= 1) by (rewrite <- (pow1 N); apply pow_incr; exact Hp).
    assert (0 <= p ^ N) by (apply pow_le, Hp); nra. }
  destruct (L_bound N u ltac:(lia) ltac:(lra)) as [HL [Heq | [[_ Habove] | [Hone _]]]].
  - pose proof (Hbelow (L N u) HL); lra.
  - pose proof (Hbelow (L N u) HL); pose proof (Habove (L N u) HL); lra.
  - exact Hone.
Qed.

End Level.
