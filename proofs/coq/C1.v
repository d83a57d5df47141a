(** * C1 and C10: the Clopper-Pearson lower bound is sound

    Statement.  [tail N k p] is the probability of at least [k] successes in [N]
    draws.  The one-sided Clopper-Pearson bound for [k >= 1] successes is the [L k]
    in [0, 1] at which that probability is [alpha]; [L 0 = 0].  Then
    - it exists, and is unique;
    - C1: whatever the true [p], the bound exceeds it with probability at most
      [alpha]: P(L(K) > p) <= alpha;
    - [L] is strictly increasing in [k] and, for [k >= 1], in [alpha];
    - [L N = alpha^(1/N)], the full bound of section B;
    - C10: if the draws succeed with a probability [p'] that is within [tau] of [p] (the
      law of the noise is within total variation [tau] of the Gaussian), then [L - tau]
      exceeds [p] with probability at most [alpha]; and [L] itself exceeds both [p] and
      1/2, so that it certifies a radius that is too large, with probability at most
      [alpha (1 + 2 tau)^N].

    Idea.  The tail is increasing in [p], from 0 to 1, so the bound exists by the
    intermediate value theorem.  The counts whose bound exceeds [p] are all at least
    the smallest such count [k]; and [tail N k p <= tail N k (L k) = alpha].  For the level
    under [p'] instead of [p <= p']: one draw makes a success [p'/p] times as likely and a
    failure less likely, so [N] draws make no event more than [(p'/p)^N] times as likely. *)

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

Lemma tail_strictly_more (N k : nat) (p : R) :
  (k <= N)%nat -> 0 < p < 1 -> tail N (S k) p < tail N k p.
Proof.
  intros Hk Hp.
  enough (0 < expected N (fun j => at_least k j + -1 * at_least (S k) j) p)
    by (rewrite expected_plus, expected_scal in *; unfold tail; lra).
  apply (expected_positive N k); trivial; unfold at_least.
  - intros j _; destruct (le_dec k j), (le_dec (S k) j); try lra; lia.
  - destruct (le_dec k k), (le_dec (S k) k); try lra; lia.
Qed.

(** Raising the success probability from [m] to [x] makes nothing more than [(x/m)^N]
    times as likely. *)
Lemma expected_grows (N : nat) (g : nat -> R) (m x : R) :
  0 < m -> m <= x <= 1 -> (forall k, 0 <= g k) ->
  expected N g x <= (x / m) ^ N * expected N g m.
Proof.
  intros Hm Hx; revert g; induction N as [| N IH]; intros g Hg; [simpl; lra |].
  assert (Hratio : 1 <= x / m).
  { apply (Rmult_le_reg_r m); [lra |]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra. }
  assert (Hpow : 0 <= (x / m) ^ N) by (apply pow_le; lra).
  assert (Hnonneg : forall h, (forall k, 0 <= h k) -> 0 <= expected N h m).
  { intros h Hh; rewrite <- (expected_const N 0 m).
    apply expected_le; [unfold in_01; lra | intros k _; apply Hh]. }
  simpl expected; rewrite <- tech_pow_Rmult.
  apply Rle_trans with ((1 - x) * ((x / m) ^ N * expected N g m)
                        + x * ((x / m) ^ N * expected N (fun k => g (S k)) m)).
  - apply Rplus_le_compat; (apply Rmult_le_compat_l; [lra |]); apply IH;
      intros k; apply Hg.
  - pose proof (Rmult_le_pos _ _ Hpow (Hnonneg g Hg)) as Hfail.
    set (A := (x / m) ^ N * expected N g m) in *.
    set (B := (x / m) ^ N * expected N (fun k => g (S k)) m).
    replace (x / m * (x / m) ^ N * ((1 - m) * expected N g m
                                    + m * expected N (fun k => g (S k)) m))
      with (x / m * (1 - m) * A + x * B) by (unfold A, B; field; lra).
    apply Rplus_le_compat_r, Rmult_le_compat_r; [exact Hfail |].
    apply Rle_trans with (1 * (1 - m)); [lra |]; apply Rmult_le_compat_r; lra.
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

(** The Clopper-Pearson bound exists. *)
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

(** Whatever the true [p], the bound exceeds it with probability at most [alpha]. *)
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

(** If the draws succeed with a probability within [tau] of [p], then the bound lowered by
    [tau] exceeds [p] with probability at most [alpha]. *)
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

(** The bound as it is, not lowered: if the draws succeed with a probability within [tau]
    of [p], it exceeds both [p] and 1/2, and so certifies too large a radius, with
    probability at most [alpha (1 + 2 tau)^N]. *)
Theorem C10_level (p p' tau : R) :
  in_01 p -> in_01 p' -> Rabs (p' - p) <= tau ->
  expected N (fun k => if Rlt_dec (Rmax p (1/2)) (L k) then 1 else 0) p'
  <= alpha * (1 + 2 * tau) ^ N.
Proof.
  intros Hp Hp' Hnear; apply Rabs_le_between in Hnear; unfold in_01 in *.
  set (m := Rmax p (1/2)).
  assert (Hm : 1/2 <= m <= 1) by (unfold m; split; [apply Rmax_r | apply Rmax_lub; lra]).
  assert (Hpm : p <= m) by apply Rmax_l.
  set (wrong := fun k => if Rlt_dec m (L k) then 1 else 0).
  assert (Hwrong : forall k, 0 <= wrong k)
    by (intros k; unfold wrong; destruct (Rlt_dec m (L k)); lra).
  assert (Hlevel : forall x, in_01 x -> expected N wrong x <= alpha * Rmax 1 (x / m) ^ N).
  { intros x Hx; unfold in_01 in Hx.
    destruct (Rle_lt_dec x m) as [Hle | Hgt].
    - apply Rle_trans with alpha.
      + apply Rle_trans with (2 := C1 x Hx), expected_le; [exact Hx |].
        intros k _; unfold wrong; destruct (Rlt_dec m (L k)), (Rlt_dec x (L k)); lra.
      + rewrite <- (Rmult_1_r alpha) at 1; apply Rmult_le_compat_l; [lra |].
        apply pow_R1_Rle, Rmax_l.
    - assert (Hratio : 1 <= x / m).
      { apply (Rmult_le_reg_r m); [lra |]; unfold Rdiv.
        rewrite Rmult_assoc, Rinv_l; lra. }
      apply Rle_trans with ((x / m) ^ N * expected N wrong m).
      + apply expected_grows; [lra | lra | exact Hwrong].
      + rewrite Rmax_right, Rmult_comm by exact Hratio.
        apply Rmult_le_compat_r; [apply pow_le; lra |].
        apply C1; unfold in_01; lra. }
  apply Rle_trans with (1 := Hlevel p' Hp').
  apply Rmult_le_compat_l; [lra |]; apply pow_incr; split.
  - apply Rle_trans with 1; [lra | apply Rmax_l].
  - apply Rmax_lub; [lra |].
    apply (Rmult_le_reg_r m); [lra |]; unfold Rdiv.
    rewrite Rmult_assoc, Rinv_l by lra; nra.
Qed.

(** One more success does not lower the bound. *)
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

(** One more success raises the bound. *)
Theorem C1_increasing_in_k (k : nat) : (k < N)%nat -> L k < L (S k).
Proof.
  intros Hk; destruct L_bound as [Hzero Hpos].
  destruct (Hpos (S k) ltac:(lia)) as [HLS HtailS].
  assert (Hinside : 0 < L (S k) < 1).
  { destruct HLS as [[Hlow | Hlow] [Hhigh | Hhigh]]; try (split; assumption); exfalso.
    - rewrite Hhigh in HtailS; unfold tail in HtailS; rewrite expected_at_1 in HtailS.
      unfold at_least in HtailS; destruct (le_dec (S k) N); [lra | lia].
    - rewrite <- Hlow in HtailS; unfold tail in HtailS; rewrite expected_at_0 in HtailS.
      unfold at_least in HtailS; destruct (le_dec (S k) 0); [lia | lra].
    - lra. }
  destruct k as [| k]; [rewrite Hzero; lra |].
  destruct (Hpos (S k) ltac:(lia)) as [HLk Htailk].
  destruct (Rlt_le_dec (L (S k)) (L (S (S k)))) as [Hlt | Hge]; [exact Hlt |].
  pose proof (tail_non_decreasing N (S k) _ _ HLS HLk Hge) as Hle.
  pose proof (tail_strictly_more N (S k) (L (S (S k))) ltac:(lia) Hinside); lra.
Qed.

(** When all draws succeed the bound is [alpha^(1/N)]. *)
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

(** For [k >= 1] the bound is strictly increasing in [alpha]. *)
Theorem C1_increasing_in_alpha (N : nat) (alpha alpha' : R) (L L' : nat -> R) (k : nat) :
  clopper_pearson N alpha L -> clopper_pearson N alpha' L' -> alpha < alpha' ->
  (1 <= k <= N)%nat -> L k < L' k.
Proof.
  intros [_ H] [_ H'] Halpha Hk.
  destruct (H k Hk) as [Hin Htail], (H' k Hk) as [Hin' Htail'].
  apply (tail_reflects N k); trivial; lra.
Qed.
