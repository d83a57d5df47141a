(** * C1 and C10: the Clopper-Pearson lower bound is sound

    Statement.  [tail N k p] is the probability of at least [k] successes in [N]
    draws.  The one-sided Clopper-Pearson bound for [k >= 1] successes is the [L k]
    in [0, 1] at which that probability is [alpha]; [L 0 = 0].  Then
    - it exists, and is unique;
    - C1: whatever the true [p], the bound exceeds it with probability at most
      [alpha]: P(L(K) > p) <= alpha;
    - [L] does not decrease in [k], and increases with [alpha];
    - [L N = alpha^(1/N)], the full bound of section B;
    - C10: if the draws succeed with a probability [p'] that is within [tau] of [p] (the
      law of the noise is within total variation [tau] of the Gaussian), then [L - tau]
      exceeds [p] with probability at most [alpha].

    Idea.  The tail is increasing in [p], from 0 to 1, so the bound exists by the
    intermediate value theorem.  The counts whose bound exceeds [p] are all at least
    the smallest such count [k]; and [tail N k p <= tail N k (L k) = alpha].  *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia Arith.
From RSTheory Require Import Setting Convexity SecondDerivative BinomialLaw.
Open Scope R_scope.

(** ** The tail probability *)

Definition at_least (k j : nat) : R := if le_dec k j then 1 else 0.

Definition tail (N k : nat) (p : R) : R := expected N (at_least k) p.

Lemma at_least_non_decreasing (k j : nat) : at_least k j <= at_least k (S j).
Proof. unfold at_least; destruct (le_dec k j), (le_dec k (S j)); try lra; lia. Qed.

Lemma tail_non_decreasing (N k : nat) (p q : R) :
  in_01 p -> in_01 q -> p <= q -> tail N k p <= tail N k q.
Proof.
  apply expected_non_decreasing; intros j _; apply at_least_non_decreasing.
Qed.

Lemma tail_increasing (N k : nat) (p q : R) :
  (1 <= k <= N)%nat -> in_01 p -> in_01 q -> p < q -> tail N k p < tail N k q.
Proof.
  intros Hk; apply (expected_increasing N (k - 1)).
  - intros j _; apply at_least_non_decreasing.
  - lia.
  - unfold at_least; destruct (le_dec k (k - 1)), (le_dec k (S (k - 1))); try lia; lra.
Qed.

Lemma tail_reflects (N k : nat) (p q : R) :
  (1 <= k <= N)%nat -> in_01 p -> in_01 q -> tail N k p < tail N k q -> p < q.
Proof.
  intros Hk Hp Hq H.
  destruct (Rlt_le_dec p q) as [Hlt | Hge]; [exact Hlt |].
  pose proof (tail_non_decreasing N k q p Hq Hp Hge); lra.
Qed.

Lemma tail_more_successes (N k : nat) (p : R) :
  in_01 p -> tail N (S k) p <= tail N k p.
Proof.
  intros Hp; apply expected_le; [exact Hp |].
  intros j _; unfold at_least.
  destruct (le_dec (S k) j), (le_dec k j); try lra; lia.
Qed.

(** All [N] draws succeed with probability [p^N]. *)
Lemma tail_all (N : nat) (p : R) : tail N N p = p ^ N.
Proof.
  assert (Hall : forall g, (forall k, (k < N)%nat -> g k = 0) -> g N = 1 ->
                           expected N g p = p ^ N).
  { induction N as [| N IH]; intros g Hbelow Htop; simpl; [exact Htop |].
    rewrite (expected_ext N g (fun _ => 0)) by (intros; apply Hbelow; lia).
    rewrite expected_const, (IH (fun k => g (S k))); trivial; [ring |].
    intros k Hk; apply Hbelow; lia. }
  apply Hall; unfold at_least.
  - intros k Hk; destruct (le_dec N k); [lia | reflexivity].
  - destruct (le_dec N N); [reflexivity | lia].
Qed.

(** ** The bound *)

Definition clopper_pearson (N : nat) (alpha : R) (L : nat -> R) : Prop :=
  L 0%nat = 0 /\
  forall k, (1 <= k <= N)%nat -> in_01 (L k) /\ tail N k (L k) = alpha.

Theorem clopper_pearson_exists (N : nat) (alpha : R) :
  0 < alpha < 1 -> {L : nat -> R | clopper_pearson N alpha L}.
Proof.
  intros Halpha.
  assert (Heach : forall k, {x : R | (1 <= k <= N)%nat -> in_01 x /\ tail N k x = alpha}).
  { intros k.
    destruct (le_dec 1 k) as [H1 | H1]; [| exists 0; lia].
    destruct (le_dec k N) as [H2 | H2]; [| exists 0; lia].
    destruct (IVT_gen (tail N k) 0 1 alpha) as [x [Hx Htail]].
    - intros x; apply continuity_pt_filterlim.
      apply (ex_derive_continuous (V := R_NormedModule)).
      destruct N as [| N']; [lia |].
      eexists; apply derive_expected.
    - unfold tail; rewrite expected_at_0, expected_at_1; unfold at_least.
      destruct (le_dec k 0); [lia |].
      destruct (le_dec k N); [| lia].
      rewrite Rmin_left, Rmax_right; lra.
    - exists x; intros _; split; [| exact Htail].
      rewrite Rmin_left, Rmax_right in Hx by lra; exact Hx. }
  exists (fun k => if Nat.eq_dec k 0 then 0 else proj1_sig (Heach k)); split.
  - reflexivity.
  - intros k Hk; destruct (Nat.eq_dec k 0) as [Hzero | _]; [lia |].
    exact (proj2_sig (Heach k) Hk).
Qed.

(** The smallest index with a decidable property, if there is one. *)
Lemma smallest (P : nat -> Prop) (N : nat) :
  (forall k, {P k} + {~ P k}) ->
  (forall k, (k <= N)%nat -> ~ P k) \/
  (exists k, (k <= N)%nat /\ P k /\ forall j, (j < k)%nat -> ~ P j).
Proof.
  intros Hdec; induction N as [| N [Hnone | [k [Hk [HP Hfirst]]]]].
  - destruct (Hdec 0%nat) as [Hyes | Hno].
    + right; exists 0%nat; repeat split; trivial; lia.
    + left; intros k Hk; now replace k with 0%nat by lia.
  - destruct (Hdec (S N)) as [Hyes | Hno].
    + right; exists (S N); repeat split; trivial.
      intros j Hj; apply Hnone; lia.
    + left; intros k Hk.
      destruct (Nat.eq_dec k (S N)) as [-> | Hneq]; [exact Hno | apply Hnone; lia].
  - right; exists k; repeat split; trivial; lia.
Qed.

Section Bound.

Variables (N : nat) (alpha : R) (L : nat -> R).
Hypothesis alpha_01 : 0 < alpha < 1.
Hypothesis L_bound : clopper_pearson N alpha L.

Lemma bound_in_01 (k : nat) : (k <= N)%nat -> in_01 (L k).
Proof.
  destruct L_bound as [Hzero Hpos]; intros Hk.
  destruct k as [| k].
  - rewrite Hzero; unfold in_01; lra.
  - apply Hpos; lia.
Qed.

(** The bound exceeds the truth with probability at most [alpha]. *)
Theorem C1 (p : R) :
  in_01 p -> expected N (fun k => if Rlt_dec p (L k) then 1 else 0) p <= alpha.
Proof.
  intros Hp; destruct L_bound as [Hzero Hpos].
  destruct (smallest (fun k => p < L k) N) as [Hnone | [k [Hk [Hexceeds Hfirst]]]].
  - intros k; apply Rlt_dec.
  - rewrite (expected_ext N _ (fun _ => 0)).
    + rewrite expected_const; lra.
    + intros k Hk; destruct (Rlt_dec p (L k)); [now apply Hnone in Hk | reflexivity].
  - assert (Hk1 : (1 <= k <= N)%nat).
    { split; [| exact Hk].
      destruct k as [| k]; [unfold in_01 in Hp; lra | lia]. }
    destruct (Hpos k Hk1) as [HL Htail].
    apply Rle_trans with (tail N k p).
    + apply expected_le; [exact Hp |].
      intros j _; unfold at_least.
      destruct (Rlt_dec p (L j)) as [Hj | _], (le_dec k j) as [_ | Hjk]; try lra.
      exfalso; apply (Hfirst j); [lia | exact Hj].
    + rewrite <- Htail; apply tail_non_decreasing; trivial; lra.
Qed.

(** Draws from a law that is only nearly the right one. *)
Corollary C10 (p p' tau : R) :
  in_01 p' -> Rabs (p' - p) <= tau ->
  expected N (fun k => if Rlt_dec p (L k - tau) then 1 else 0) p' <= alpha.
Proof.
  intros Hp' Hnear.
  apply Rabs_le_between in Hnear.
  apply Rle_trans with (2 := C1 p' Hp').
  apply expected_le; [exact Hp' |].
  intros k _; destruct (Rlt_dec p (L k - tau)), (Rlt_dec p' (L k)); lra.
Qed.

Theorem C1_non_decreasing (k : nat) : (k < N)%nat -> L k <= L (S k).
Proof.
  intros Hk; destruct L_bound as [Hzero Hpos].
  destruct (Hpos (S k) ltac:(lia)) as [HLS HtailS].
  destruct k as [| k].
  - rewrite Hzero; apply HLS.
  - destruct (Hpos (S k) ltac:(lia)) as [HLk Htailk].
    destruct (Rle_lt_dec (L (S k)) (L (S (S k)))) as [Hle | Hgt]; [exact Hle |].
    pose proof (tail_increasing N (S k) _ _ ltac:(lia) HLS HLk Hgt).
    pose proof (tail_more_successes N (S k) _ HLS); lra.
Qed.

Theorem C1_full_bound : (0 < N)%nat -> L N = full_bound alpha N.
Proof.
  intros HN; destruct L_bound as [_ Hpos].
  destruct (Hpos N ltac:(lia)) as [[HL0 _] Htail].
  rewrite tail_all in Htail.
  assert (HLpos : 0 < L N).
  { destruct HL0 as [Hlt | Heq]; [exact Hlt |].
    rewrite <- Heq, pow_i in Htail by lia; lra. }
  unfold full_bound; rewrite <- Htail, <- Rpower_pow, Rpower_mult by exact HLpos.
  rewrite Rinv_r by (apply not_0_INR; lia).
  now rewrite Rpower_1.
Qed.

End Bound.

Theorem C1_unique (N : nat) (alpha : R) (L L' : nat -> R) (k : nat) :
  clopper_pearson N alpha L -> clopper_pearson N alpha L' -> (k <= N)%nat ->
  L k = L' k.
Proof.
  intros [H0 H] [H0' H'] Hk.
  destruct k as [| k]; [congruence |].
  destruct (H (S k) ltac:(lia)) as [Hin Htail], (H' (S k) ltac:(lia)) as [Hin' Htail'].
  destruct (Rtotal_order (L (S k)) (L' (S k))) as [Hlt | [Heq | Hgt]].
  - pose proof (tail_increasing N (S k) _ _ ltac:(lia) Hin Hin' Hlt); lra.
  - exact Heq.
  - pose proof (tail_increasing N (S k) _ _ ltac:(lia) Hin' Hin Hgt); lra.
Qed.

Theorem C1_increasing_in_alpha (N : nat) (alpha alpha' : R) (L L' : nat -> R) (k : nat) :
  clopper_pearson N alpha L -> clopper_pearson N alpha' L' -> alpha < alpha' ->
  (1 <= k <= N)%nat -> L k < L' k.
Proof.
  intros [_ H] [_ H'] Halpha Hk.
  destruct (H k Hk) as [Hin Htail], (H' k Hk) as [Hin' Htail'].
  apply (tail_reflects N k); trivial; lra.
Qed.
