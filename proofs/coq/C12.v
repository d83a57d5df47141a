(** * C12: a radius from two classes

    In ordinary words.  The [N] estimation draws fall into classes [0, ..., M] with
    probabilities [p].  Class [A] and the buckets of its rivals are chosen from the
    selection draws, which are independent of the estimation draws.  [L] is a lower
    Clopper-Pearson bound at level [alpha1] for class [A]; [U] an upper one at level
    [alpha2], applied to every bucket, and the largest of the results is kept.

    Statement.
    - With probability at least [1 - (alpha1 + alpha2)] the bound [L] is at most [p A] and
      the largest [U] is at least the probability of every rival.
    - Hence the radius [sigma/2 (Q L - Q U)] exceeds the true one,
      [sigma/2 (Q (p A) - Q (p B))] with [B] the strongest rival, with probability at most
      [alpha1 + alpha2].
    - No share of [alpha2] is paid per bucket or per class: one share is enough for all.
    - The same holds with the upper bound of a single class, the rival with the most
      estimation draws, although it is chosen from those draws.

    Idea.  The strongest rival is one fixed class, whatever the draws say.  Its own bound
    fails with probability at most [alpha2]; the largest bound is at least its own, and so
    is the bound of the rival with the most draws.  What must not be chosen from the
    estimation draws is class [A]: see [C12_leader_is_false] in [Refutations_anytime.v]. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List Bool Arith.
From RSTheory Require Import Setting Convexity Gaussian A1 BinomialLaw Paths C1.
Import ListNotations.
Open Scope R_scope.

(** ** Draws that fall into classes *)

(** The expected value of [f] of the classes of [N] independent draws. *)
Fixpoint over_classes (M : nat) (p : nat -> R) (N : nat) (f : list nat -> R) : R :=
  match N with
  | O => f []
  | S N' => sum_f_R0 (fun c => p c * over_classes M p N' (fun w => f (c :: w))) M
  end.

(** Is [p] a law on the classes [0, ..., M]? *)
Definition class_law (M : nat) (p : nat -> R) : Prop :=
  (forall c, 0 <= p c) /\ sum_f_R0 p M = 1.

(** The number of draws in a set of classes, and the probability of the set. *)
Definition count_in (B : nat -> bool) (w : list nat) : nat := length (filter B w).

Definition mass (M : nat) (p : nat -> R) (B : nat -> bool) : R :=
  sum_f_R0 (fun c => if B c then p c else 0) M.

Section Classes.

Variables (M : nat) (p : nat -> R).
Hypothesis p_law : class_law M p.

Lemma over_classes_le (N : nat) (f g : list nat -> R) :
  (forall w, length w = N -> f w <= g w) -> over_classes M p N f <= over_classes M p N g.
Proof.
  destruct p_law as [Hpos _].
  revert f g; induction N as [| N IH]; intros f g Hfg; simpl; [now apply Hfg |].
  apply sum_Rle; intros c _; apply Rmult_le_compat_l; [apply Hpos |].
  apply IH; intros w Hw; apply Hfg; simpl; lia.
Qed.

Lemma over_classes_plus (N : nat) (f g : list nat -> R) :
  over_classes M p N (fun w => f w + g w)
  = over_classes M p N f + over_classes M p N g.
Proof.
  revert f g; induction N as [| N IH]; intros f g; simpl; [reflexivity |].
  rewrite <- sum_plus; apply sum_eq; intros c _.
  rewrite (IH (fun w => f (c :: w)) (fun w => g (c :: w))); ring.
Qed.

Lemma over_classes_const (N : nat) (x : R) : over_classes M p N (fun _ => x) = x.
Proof.
  destruct p_law as [_ Htotal].
  induction N as [| N IH]; simpl; [reflexivity |].
  rewrite (sum_eq _ (fun c => p c * x)) by (intros; now rewrite IH).
  rewrite <- scal_sum, Htotal; ring.
Qed.

(** The number of draws in a set of classes is binomial. *)
Theorem count_is_binomial (N : nat) (B : nat -> bool) (g : nat -> R) :
  over_classes M p N (fun w => g (count_in B w)) = expected N g (mass M p B).
Proof.
  destruct p_law as [_ Htotal].
  revert g; induction N as [| N IH]; intros g; simpl; [reflexivity |].
  rewrite (sum_eq _ (fun c => p c * expected N g (mass M p B)
    + (if B c then p c else 0)
      * (expected N (fun k => g (S k)) (mass M p B) - expected N g (mass M p B)))).
  - rewrite sum_plus, <- !scal_sum, Htotal; unfold mass; ring.
  - intros c _; unfold count_in at 1; simpl; destruct (B c); simpl.
    + pose proof (IH (fun k => g (S k))) as H; unfold count_in in H; rewrite H; ring.
    + pose proof (IH g) as H; unfold count_in in H; rewrite H; ring.
Qed.

Lemma mass_01 (B : nat -> bool) : in_01 (mass M p B).
Proof.
  destruct p_law as [Hpos Htotal]; unfold mass, in_01; split.
  - apply Rle_trans with (sum_f_R0 (fun _ => 0) M); [rewrite sum_cte; lra |].
    apply sum_Rle; intros c _; destruct (B c); [apply Hpos | lra].
  - rewrite <- Htotal; apply sum_Rle; intros c _; destruct (B c); [lra | apply Hpos].
Qed.

(** A class of the set is no more probable than the set. *)
Lemma mass_above (B : nat -> bool) (c : nat) :
  (c <= M)%nat -> B c = true -> p c <= mass M p B.
Proof.
  destruct p_law as [Hpos _]; intros Hc HB; unfold mass.
  assert (Hone : sum_f_R0 (fun i => if Nat.eq_dec i c then p c else 0) M = p c).
  { rewrite (sum_single _ M c Hc).
    - destruct (Nat.eq_dec c c); [reflexivity | tauto].
    - intros i _ Hneq; destruct (Nat.eq_dec i c); tauto. }
  rewrite <- Hone; apply sum_Rle; intros i _.
  destruct (Nat.eq_dec i c) as [-> |]; [rewrite HB; lra |].
  destruct (B i); [apply Hpos | lra].
Qed.

Definition only (c : nat) (i : nat) : bool := Nat.eqb i c.

Lemma mass_only (c : nat) : (c <= M)%nat -> mass M p (only c) = p c.
Proof.
  intros Hc; unfold mass, only; rewrite (sum_single _ M c Hc).
  - now rewrite Nat.eqb_refl.
  - intros i _ Hneq; apply Nat.eqb_neq in Hneq; now rewrite Hneq.
Qed.

End Classes.

(** ** The upper bound of a class *)

Lemma expected_mirrored (N : nat) (g : nat -> R) (p : R) :
  expected N (fun k => g (N - k)%nat) (1 - p) = expected N g p.
Proof.
  revert g; induction N as [| N IH]; intros g; [reflexivity |].
  simpl expected.
  rewrite (IH g), (expected_ext N (fun k => g (S N - k)%nat) (fun k => g (S (N - k)))).
  - rewrite (IH (fun k => g (S k))); ring.
  - intros k Hk; f_equal; lia.
Qed.

(** The upper bound for [k] draws: what the lower one leaves for the other [N - k]. *)
Definition upper (N : nat) (C : nat -> R) (k : nat) : R := 1 - C (N - k)%nat.

(** The upper bound falls below the truth with probability at most its level. *)
Lemma upper_sound (N : nat) (alpha x : R) (C : nat -> R) :
  0 < alpha < 1 -> clopper_pearson N alpha C -> in_01 x ->
  expected N (fun k => if Rlt_dec (upper N C k) x then 1 else 0) x <= alpha.
Proof.
  intros Halpha HC Hx; unfold in_01 in Hx.
  rewrite <- (expected_mirrored N _ x).
  apply Rle_trans with (2 := C1 N alpha C Halpha HC (1 - x) ltac:(unfold in_01; lra)).
  apply expected_le; [unfold in_01; lra |].
  intros k Hk; unfold upper; replace (N - (N - k))%nat with k by lia.
  destruct (Rlt_dec (1 - C k) x), (Rlt_dec (1 - x) (C k)); lra.
Qed.

Lemma upper_non_decreasing (N k k' : nat) (alpha : R) (C : nat -> R) :
  clopper_pearson N alpha C -> (k <= k' <= N)%nat -> upper N C k <= upper N C k'.
Proof.
  intros HC Hk; unfold upper.
  assert (Hsteps : forall d i, (i + d <= N)%nat -> C i <= C (i + d)%nat).
  { induction d as [| d IH]; intros i Hd.
    - rewrite Nat.add_0_r; lra.
    - apply Rle_trans with (C (i + d)%nat); [apply IH; lia |].
      replace (i + S d)%nat with (S (i + d)) by lia.
      apply (C1_non_decreasing N alpha C HC); lia. }
  pose proof (Hsteps (k' - k)%nat (N - k')%nat ltac:(lia)) as H.
  replace (N - k' + (k' - k))%nat with (N - k)%nat in H by lia; lra.
Qed.

(** ** One class against its rivals *)

(** The largest upper bound over the buckets. *)
Fixpoint largest (U : nat -> R) (buckets : list (nat -> bool)) (w : list nat) : R :=
  match buckets with
  | [] => 0
  | B :: buckets' => Rmax (U (count_in B w)) (largest U buckets' w)
  end.

(** The probability of the strongest rival of class [A]. *)
Fixpoint strongest (A : nat) (p : nat -> R) (M : nat) : R :=
  match M with
  | O => if Nat.eq_dec 0 A then 0 else p 0%nat
  | S M' => Rmax (strongest A p M') (if Nat.eq_dec M A then 0 else p M)
  end.

Definition rival (M A c : nat) : Prop := (c <= M)%nat /\ c <> A.

(** Every rival is in some bucket. *)
Definition cover (M A : nat) (buckets : list (nat -> bool)) : Prop :=
  forall c, rival M A c -> exists B, In B buckets /\ B c = true.

Lemma strongest_is_one (M A : nat) (p : nat -> R) :
  strongest A p M = 0 \/ exists c, rival M A c /\ strongest A p M = p c.
Proof.
  unfold rival; induction M as [| M IH]; cbn [strongest].
  - destruct (Nat.eq_dec 0 A); [now left | right; exists 0%nat; auto].
  - unfold Rmax; destruct (Rle_dec _ _).
    + destruct (Nat.eq_dec (S M) A); [now left | right; exists (S M); auto].
    + destruct IH as [Hzero | [c [[Hc HcA] Heq]]]; [now left | right; exists c; auto].
Qed.

Lemma strongest_above (M A c : nat) (p : nat -> R) : rival M A c -> p c <= strongest A p M.
Proof.
  unfold rival; intros [Hc HcA]; induction M as [| M IH]; cbn [strongest].
  - assert (c = 0%nat) as -> by lia; destruct (Nat.eq_dec 0 A); [congruence | lra].
  - destruct (Nat.eq_dec c (S M)) as [-> | Hneq].
    + destruct (Nat.eq_dec (S M) A); [congruence | apply Rmax_r].
    + apply Rle_trans with (2 := Rmax_l _ _), IH; lia.
Qed.

Lemma largest_above (U : nat -> R) (buckets : list (nat -> bool)) (w : list nat)
  (B : nat -> bool) : In B buckets -> U (count_in B w) <= largest U buckets w.
Proof.
  induction buckets as [| B' buckets IH]; simpl; [tauto |].
  intros [-> | HB]; [apply Rmax_l |].
  apply Rle_trans with (2 := Rmax_r _ _), IH, HB.
Qed.

Lemma largest_nonneg (U : nat -> R) (buckets : list (nat -> bool)) (w : list nat) :
  0 <= largest U buckets w.
Proof.
  induction buckets as [| B buckets IH]; simpl; [lra |].
  apply Rle_trans with (1 := IH), Rmax_r.
Qed.

Definition below (x y : R) : bool := if Rlt_dec x y then true else false.

Section Bounds.

Variables (M N : nat) (p : nat -> R) (alpha1 alpha2 : R) (L C : nat -> R).
Hypothesis p_law : class_law M p.
Hypothesis alpha1_01 : 0 < alpha1 < 1.
Hypothesis alpha2_01 : 0 < alpha2 < 1.
Hypothesis L_bound : clopper_pearson N alpha1 L.
Hypothesis C_bound : clopper_pearson N alpha2 C.

Lemma length_count_in (B : nat -> bool) (w : list nat) : (count_in B w <= length w)%nat.
Proof.
  unfold count_in; induction w as [| c w IH]; simpl; [lia | destruct (B c); simpl; lia].
Qed.

(** Something that implies an error of either bound, of class [A] or of the bucket [B]
    of the strongest rival, has probability at most [alpha1 + alpha2]. *)
Lemma two_errors (A : nat) (B : nat -> bool) (wrong : list nat -> bool) (b : R) :
  (A <= M)%nat -> b <= mass M p B ->
  (forall w, length w = N -> wrong w = true ->
     p A < L (count_in (only A) w) \/ upper N C (count_in B w) < b) ->
  over_classes M p N (fun w => indicator (wrong w)) <= alpha1 + alpha2.
Proof.
  intros HA Hb Hwrong.
  apply Rle_trans with (over_classes M p N (fun w =>
    (if Rlt_dec (p A) (L (count_in (only A) w)) then 1 else 0)
    + (if Rlt_dec (upper N C (count_in B w)) (mass M p B) then 1 else 0))).
  - apply over_classes_le; [exact p_law |]; intros w Hw.
    destruct (wrong w) eqn:Heq; cbn [indicator].
    + destruct (Hwrong w Hw Heq) as [Herror | Herror];
        destruct (Rlt_dec (p A) (L (count_in (only A) w))),
          (Rlt_dec (upper N C (count_in B w)) (mass M p B)); lra.
    + destruct (Rlt_dec (p A) (L (count_in (only A) w))),
        (Rlt_dec (upper N C (count_in B w)) (mass M p B)); lra.
  - rewrite over_classes_plus; apply Rplus_le_compat.
    + rewrite (count_is_binomial M p p_law N (only A)
                 (fun k => if Rlt_dec (p A) (L k) then 1 else 0)).
      rewrite mass_only by exact HA.
      apply C1 with (1 := alpha1_01) (2 := L_bound).
      rewrite <- (mass_only M p A HA); now apply mass_01.
    + rewrite (count_is_binomial M p p_law N B
                 (fun k => if Rlt_dec (upper N C k) (mass M p B) then 1 else 0)).
      apply upper_sound with (1 := alpha2_01) (2 := C_bound); now apply mass_01.
Qed.

(** With buckets that cover the rivals, chosen before the estimation draws: the lower bound
    exceeds [p A], or the largest upper bound falls below the strongest rival, with
    probability at most [alpha1 + alpha2], however many buckets there are. *)
Theorem C12_bounds (A : nat) (buckets : list (nat -> bool)) :
  (A <= M)%nat -> cover M A buckets ->
  over_classes M p N (fun w => indicator
    (below (p A) (L (count_in (only A) w))
     || below (largest (upper N C) buckets w) (strongest A p M)))
  <= alpha1 + alpha2.
Proof.
  intros HA Hcover.
  destruct (strongest_is_one M A p) as [Hzero | [c [Hc Heq]]].
  - apply two_errors with (A := A) (B := only A) (b := 0); trivial.
    + apply (mass_01 M p p_law).
    + intros w _; rewrite Hzero, orb_true_iff; unfold below.
      pose proof (largest_nonneg (upper N C) buckets w).
      destruct (Rlt_dec _ _), (Rlt_dec _ _); intros [H' | H']; try discriminate; auto; lra.
  - destruct (Hcover c Hc) as [B [HB HBc]].
    apply two_errors with (A := A) (B := B) (b := p c); trivial.
    + apply mass_above; [exact p_law | apply Hc | exact HBc].
    + intros w _; rewrite Heq, orb_true_iff; unfold below.
      pose proof (largest_above (upper N C) buckets w B HB).
      destruct (Rlt_dec (p A) _) as [HA' | _]; [now left |].
      destruct (Rlt_dec _ (p c)); intros [H' | H']; try discriminate; right; lra.
Qed.

(** The same with the upper bound of one class only, the rival with the most estimation
    draws, although those draws choose it. *)
Theorem C12_runner_up (A : nat) (runner_up : list nat -> nat) :
  (A <= M)%nat ->
  (forall w c, length w = N -> rival M A c ->
     (count_in (only c) w <= count_in (only (runner_up w)) w)%nat) ->
  (exists c, rival M A c) ->
  over_classes M p N (fun w => indicator
    (below (p A) (L (count_in (only A) w))
     || below (upper N C (count_in (only (runner_up w)) w)) (strongest A p M)))
  <= alpha1 + alpha2.
Proof.
  intros HA Hmost [c0 Hc0].
  assert (Hstrongest : exists c, rival M A c /\ strongest A p M = p c).
  { destruct (strongest_is_one M A p) as [Hzero | Hone]; [| exact Hone].
    exists c0; split; [exact Hc0 |].
    pose proof (strongest_above M A c0 p Hc0); destruct p_law as [Hpos _].
    pose proof (Hpos c0); lra. }
  destruct Hstrongest as [c [Hc Heq]].
  apply two_errors with (A := A) (B := only c) (b := p c); trivial.
  - rewrite mass_only by apply Hc; lra.
  - intros w Hw; rewrite Heq, orb_true_iff; unfold below.
    assert (Hlength : (count_in (only (runner_up w)) w <= N)%nat)
      by (rewrite <- Hw; apply length_count_in).
    pose proof (upper_non_decreasing N _ _ alpha2 C C_bound
      (conj (Hmost w c Hw Hc) Hlength)).
    destruct (Rlt_dec (p A) _) as [HA' | _]; [now left |].
    destruct (Rlt_dec _ (p c)); intros [H' | H']; try discriminate; right; lra.
Qed.

(** Class and buckets may depend on [n0] selection draws, which are independent of the
    estimation draws. *)
Theorem C12_selection (n0 : nat) (A : list nat -> nat)
  (buckets : list nat -> list (nat -> bool)) :
  (forall s, (A s <= M)%nat) -> (forall s, cover M (A s) (buckets s)) ->
  over_classes M p n0 (fun s => over_classes M p N (fun w => indicator
    (below (p (A s)) (L (count_in (only (A s)) w))
     || below (largest (upper N C) (buckets s) w) (strongest (A s) p M))))
  <= alpha1 + alpha2.
Proof.
  intros HA Hcover.
  rewrite <- (over_classes_const M p p_law n0 (alpha1 + alpha2)).
  apply over_classes_le; [exact p_law |].
  intros s _; now apply C12_bounds.
Qed.

(** ** The radius *)

Definition two_class_radius (sigma a b : R) : R := sigma / 2 * (Q a - Q b).

(** A radius is certified where both bounds say something: [0 < L] and [U < 1].  It exceeds
    the true radius with probability at most [alpha1 + alpha2]. *)
Theorem C12 (sigma : R) (A : nat) (buckets : list (nat -> bool)) :
  0 < sigma -> (A <= M)%nat -> cover M A buckets ->
  p A < 1 -> 0 < strongest A p M ->
  over_classes M p N (fun w => indicator
    (below 0 (L (count_in (only A) w))
     && below (largest (upper N C) buckets w) 1
     && below (two_class_radius sigma (p A) (strongest A p M))
          (two_class_radius sigma (L (count_in (only A) w))
             (largest (upper N C) buckets w))))
  <= alpha1 + alpha2.
Proof.
  intros Hsigma HA Hcover HpA Hstrongest.
  apply Rle_trans with (2 := C12_bounds A buckets HA Hcover).
  apply over_classes_le; [exact p_law |]; intros w _.
  set (l := L (count_in (only A) w)); set (u := largest (upper N C) buckets w).
  unfold below; destruct (Rlt_dec (p A) l) as [Hl | Hl]; simpl.
  { pose proof (indicator_01 (if Rlt_dec 0 l then true else false)).
    match goal with |- indicator ?b <= 1 => apply (indicator_01 b) end. }
  destruct (Rlt_dec u (strongest A p M)) as [Hu | Hu]; simpl.
  { match goal with |- indicator ?b <= 1 => apply (indicator_01 b) end. }
  destruct (Rlt_dec 0 l) as [Hl0 |], (Rlt_dec u 1) as [Hu1 |]; simpl; try lra.
  destruct (Rlt_dec _ _) as [Hexceeds |]; simpl; [exfalso | lra].
  pose proof (Q_non_decreasing l (p A) Hl0 ltac:(lra) HpA).
  pose proof (Q_non_decreasing (strongest A p M) u Hstrongest ltac:(lra) Hu1).
  revert Hexceeds; unfold two_class_radius; apply Rle_not_lt.
  apply Rmult_le_compat_l; lra.
Qed.

End Bounds.
