(** * BinomialLaw: the expected value of a function of the number of successes

    In ordinary words.  [expected N g p] is the expected value of [g K] when [K] is
    the number of successes in [N] independent draws that succeed with probability
    [p].  It is defined by conditioning on one draw: with probability [1 - p] it
    fails, and the other draws decide; with probability [p] it succeeds, and the
    count is one higher.

    Statement.
    - It is the sum of [C(N,k) p^k (1-p)^(N-k) g k] over [k] from 0 to [N].
    - It is linear in [g] and respects inequalities.
    - Its derivative in [p] is [N] times the expected increment [g(K+1) - g K] over
      [N - 1] draws; so it does not decrease in [p] when [g] does not decrease.
    - The count has mean [N p] and variance [N p (1-p)].

    Idea.  Every statement is an induction along the recursion. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia Arith.
From RSTheory Require Import Setting Convexity SecondDerivative.
Open Scope R_scope.

Fixpoint expected (N : nat) (g : nat -> R) (p : R) : R :=
  match N with
  | O => g O
  | S N' => (1 - p) * expected N' g p + p * expected N' (fun k => g (S k)) p
  end.

(** ** The binomial sum *)

(** The probability of [k] successes in [N] draws, by the same conditioning. *)
Fixpoint probability (N k : nat) (p : R) : R :=
  match N, k with
  | O, O => 1
  | O, S _ => 0
  | S N', O => (1 - p) * probability N' O p
  | S N', S k' => (1 - p) * probability N' (S k') p + p * probability N' k' p
  end.

Lemma probability_beyond (N k : nat) (p : R) : (N < k)%nat -> probability N k p = 0.
Proof.
  revert k; induction N as [| N IH]; intros [| k] Hk; simpl; try lia; [reflexivity |].
  rewrite !IH by lia; ring.
Qed.

Lemma choose_0 (N : nat) : Binomial.C N 0 = 1.
Proof.
  unfold Binomial.C; rewrite Nat.sub_0_r; simpl; field; apply INR_fact_neq_0.
Qed.

Lemma choose_all (N : nat) : Binomial.C N N = 1.
Proof.
  unfold Binomial.C; rewrite Nat.sub_diag; simpl; field; apply INR_fact_neq_0.
Qed.

Lemma probability_binomial (N k : nat) (p : R) :
  (k <= N)%nat -> probability N k p = Binomial.C N k * p ^ k * (1 - p) ^ (N - k).
Proof.
  revert k; induction N as [| N IH]; intros [| k] Hk; try lia.
  - rewrite choose_0; simpl; ring.
  - simpl probability; rewrite IH, !choose_0 by lia.
    rewrite !Nat.sub_0_r; simpl; ring.
  - simpl probability; simpl Nat.sub.
    destruct (Nat.eq_dec k N) as [-> | Hneq].
    + rewrite probability_beyond, IH, !choose_all by lia.
      rewrite Nat.sub_diag; simpl; ring.
    + rewrite !IH, <- pascal by lia.
      replace (N - k)%nat with (S (N - S k)) by lia; simpl; ring.
Qed.

Theorem expected_is_binomial_sum (N : nat) (g : nat -> R) (p : R) :
  expected N g p
  = sum_f_R0 (fun k => Binomial.C N k * p ^ k * (1 - p) ^ (N - k) * g k) N.
Proof.
  assert (Hsum : expected N g p = sum_f_R0 (fun k => probability N k p * g k) N).
  { revert g; induction N as [| N IH]; intros g; [simpl; ring |].
    (* the sum splits by the outcome of one draw *)
    rewrite decomp_sum by lia; simpl pred.
    rewrite (sum_eq _ (fun k => probability N (S k) p * g (S k) * (1 - p)
                                + probability N k p * g (S k) * p))
      by (intros k _; simpl; ring).
    rewrite sum_plus, <- !scal_sum.
    simpl expected; rewrite !IH.
    (* the term of N + 1 successes in N draws is 0 *)
    assert (Htop : sum_f_R0 (fun k => probability N k p * g k) (S N)
                   = sum_f_R0 (fun k => probability N k p * g k) N).
    { rewrite tech5, probability_beyond by lia; ring. }
    rewrite <- Htop, (decomp_sum _ (S N)) by lia; simpl; ring. }
  rewrite Hsum; apply sum_eq; intros k Hk.
  now rewrite probability_binomial.
Qed.

(** ** Linearity and order *)

Lemma expected_const (N : nat) (c p : R) : expected N (fun _ => c) p = c.
Proof. induction N as [| N IH]; simpl; [reflexivity | rewrite IH; ring]. Qed.

Lemma expected_plus (N : nat) (g h : nat -> R) (p : R) :
  expected N (fun k => g k + h k) p = expected N g p + expected N h p.
Proof.
  revert g h; induction N as [| N IH]; intros g h; simpl; [ring |].
  rewrite IH, (IH (fun k => g (S k)) (fun k => h (S k))); ring.
Qed.

Lemma expected_scal (N : nat) (c : R) (g : nat -> R) (p : R) :
  expected N (fun k => c * g k) p = c * expected N g p.
Proof.
  revert g; induction N as [| N IH]; intros g; simpl; [ring |].
  rewrite IH, (IH (fun k => g (S k))); ring.
Qed.

Theorem expected_le (N : nat) (g h : nat -> R) (p : R) :
  0 <= p <= 1 -> (forall k, (k <= N)%nat -> g k <= h k) ->
  expected N g p <= expected N h p.
Proof.
  intros Hp; revert g h; induction N as [| N IH]; intros g h Hgh; simpl.
  - apply Hgh; lia.
  - apply Rplus_le_compat; apply Rmult_le_compat_l; try lra; apply IH.
    + intros k Hk; apply Hgh; lia.
    + intros k Hk; apply Hgh; lia.
Qed.

Lemma expected_ext (N : nat) (g h : nat -> R) (p : R) :
  (forall k, (k <= N)%nat -> g k = h k) -> expected N g p = expected N h p.
Proof.
  revert g h; induction N as [| N IH]; intros g h Hgh; simpl.
  - apply Hgh; lia.
  - rewrite (IH g h) by (intros; apply Hgh; lia).
    rewrite (IH (fun k => g (S k)) (fun k => h (S k))) by (intros; apply Hgh; lia).
    reflexivity.
Qed.

(** At [p = 1] every draw succeeds. *)
Lemma expected_at_1 (N : nat) (g : nat -> R) : expected N g 1 = g N.
Proof.
  revert g; induction N as [| N IH]; intros g; simpl; [reflexivity |].
  rewrite !IH; ring.
Qed.

(** At [p = 0] none does. *)
Lemma expected_at_0 (N : nat) (g : nat -> R) : expected N g 0 = g O.
Proof.
  revert g; induction N as [| N IH]; intros g; simpl; [reflexivity |].
  rewrite !IH; ring.
Qed.

(** ** The derivative *)

Definition increment (g : nat -> R) (k : nat) : R := g (S k) - g k.

Lemma expected_increment (N : nat) (g : nat -> R) (p : R) :
  expected N (increment g) p = expected N (fun k => g (S k)) p - expected N g p.
Proof.
  rewrite (expected_ext N (increment g) (fun k => g (S k) + -1 * g k))
    by (intros; unfold increment; ring).
  rewrite expected_plus, expected_scal; ring.
Qed.

Lemma derive_mixture (u v : R -> R) (p u' v' : R) :
  is_derive u p u' -> is_derive v p v' ->
  is_derive (fun t => (1 - t) * u t + t * v t) p
    (v p - u p + ((1 - p) * u' + p * v')).
Proof.
  intros Hu Hv.
  assert (Du : Derive (fun t : R => u t) p = u') by (now apply is_derive_unique).
  assert (Dv : Derive (fun t : R => v t) p = v') by (now apply is_derive_unique).
  auto_derive.
  - split; [eexists; exact Hu | split; [eexists; exact Hv | trivial]].
  - rewrite Du, Dv; ring.
Qed.

Theorem derive_expected (N : nat) (g : nat -> R) (p : R) :
  is_derive (expected (S N) g) p (INR (S N) * expected N (increment g) p).
Proof.
  revert g; induction N as [| N IH]; intros g.
  - apply is_derive_ext with (f := fun t => (1 - t) * g 0%nat + t * g 1%nat).
    + reflexivity.
    + auto_derive; trivial; unfold increment; simpl; ring.
  - pose proof (derive_mixture _ _ p _ _ (IH g) (IH (fun k => g (S k)))) as Hmixture.
    replace (INR (S (S N)) * expected (S N) (increment g) p)
      with (expected (S N) (fun k => g (S k)) p - expected (S N) g p
            + ((1 - p) * (INR (S N) * expected N (increment g) p)
               + p * (INR (S N) * expected N (increment (fun k => g (S k))) p)));
      [exact Hmixture |].
    rewrite <- expected_increment, (S_INR (S N)).
    change (expected (S N) (increment g) p)
      with ((1 - p) * expected N (increment g) p
            + p * expected N (increment (fun k => g (S k))) p).
    ring.
Qed.

(** The set [0, 1] is an interval. *)
Lemma in_01_interval (x y z : R) : in_01 x -> in_01 z -> x <= y <= z -> in_01 y.
Proof. unfold in_01; lra. Qed.

Theorem expected_non_decreasing (N : nat) (g : nat -> R) (p q : R) :
  (forall k, (k < N)%nat -> g k <= g (S k)) ->
  in_01 p -> in_01 q -> p <= q -> expected N g p <= expected N g q.
Proof.
  intros Hg Hp Hq Hpq.
  destruct N as [| N]; [simpl; lra |].
  apply (non_decreasing_of_derivative in_01 in_01_interval (expected (S N) g)
           (fun t => INR (S N) * expected N (increment g) t)); trivial.
  - intros t _; apply derive_expected.
  - intros t Ht; apply Rmult_le_pos; [apply pos_INR |].
    rewrite <- (expected_const N 0 t).
    apply expected_le; [exact Ht |].
    intros k Hk; pose proof (Hg k ltac:(lia)); unfold increment; lra.
Qed.

(** ** Mean and variance *)

Lemma expected_square (N : nat) (s p : R) :
  expected N (fun k => (INR k - s) ^ 2) p = INR N * (p * (1 - p)) + (INR N * p - s) ^ 2.
Proof.
  revert s; induction N as [| N IH]; intros s; [simpl; ring |].
  change ((1 - p) * expected N (fun k => (INR k - s) ^ 2) p
          + p * expected N (fun k => (INR (S k) - s) ^ 2) p
          = INR (S N) * (p * (1 - p)) + (INR (S N) * p - s) ^ 2).
  rewrite (expected_ext N (fun k => (INR (S k) - s) ^ 2) (fun k => (INR k - (s - 1)) ^ 2))
    by (intros k _; rewrite S_INR; ring).
  rewrite !IH, S_INR; ring.
Qed.

Corollary variance (N : nat) (p : R) :
  expected N (fun k => (INR k - INR N * p) ^ 2) p = INR N * (p * (1 - p)).
Proof. rewrite expected_square; ring. Qed.

(** Chebyshev: counts at least [N d] away from their mean are rare. *)
Definition far (N : nat) (p d : R) (k : nat) : R :=
  if Rle_dec (INR N * d) (Rabs (INR k - INR N * p)) then 1 else 0.

Theorem chebyshev (N : nat) (p d : R) :
  (0 < N)%nat -> in_01 p -> 0 < d ->
  expected N (far N p d) p <= / (INR N * d ^ 2).
Proof.
  intros HN Hp Hd.
  assert (HNpos : 0 < INR N) by (now apply lt_0_INR).
  assert (HNd : 0 < INR N * d) by (now apply Rmult_lt_0_compat).
  assert (Hscale : 0 < / (INR N * d) ^ 2) by (now apply Rinv_0_lt_compat, pow_lt).
  apply Rle_trans with
    (expected N (fun k => / (INR N * d) ^ 2 * (INR k - INR N * p) ^ 2) p).
  - apply expected_le; [exact Hp |].
    intros k _; unfold far.
    destruct (Rle_dec (INR N * d) (Rabs (INR k - INR N * p))) as [Hfar | _].
    + apply (Rmult_le_reg_l ((INR N * d) ^ 2)); [now apply pow_lt |].
      rewrite <- Rmult_assoc, Rinv_r by (apply Rgt_not_eq; now apply pow_lt).
      rewrite Rmult_1_l, Rmult_1_r, <- (pow2_abs (INR k - INR N * p)).
      apply pow_incr; lra.
    + apply Rmult_le_pos; [lra | apply pow2_ge_0].
  - rewrite expected_scal, variance.
    replace (/ (INR N * d) ^ 2 * (INR N * (p * (1 - p))))
      with (p * (1 - p) * / (INR N * d ^ 2)) by (field; lra).
    rewrite <- (Rmult_1_l (/ (INR N * d ^ 2))) at 2.
    apply Rmult_le_compat_r.
    + apply Rlt_le, Rinv_0_lt_compat, Rmult_lt_0_compat; [exact HNpos | now apply pow_lt].
    + unfold in_01 in Hp; nra.
Qed.

(** ** Strictness *)

Lemma expected_positive (N k : nat) (g : nat -> R) (p : R) :
  0 < p < 1 -> (forall j, (j <= N)%nat -> 0 <= g j) -> (k <= N)%nat -> 0 < g k ->
  0 < expected N g p.
Proof.
  intros Hp; revert k g; induction N as [| N IH]; intros k g Hg Hk Hpos; simpl.
  - now replace 0%nat with k by lia.
  - assert (Hall : forall h, (forall j, (j <= N)%nat -> 0 <= h j) -> 0 <= expected N h p).
    { intros h Hh; rewrite <- (expected_const N 0 p).
      apply expected_le; [lra | exact Hh]. }
    destruct k as [| k].
    + apply Rplus_lt_le_0_compat.
      * apply Rmult_lt_0_compat; [lra |].
        apply (IH 0%nat); trivial; [intros j Hj; apply Hg; lia | lia].
      * apply Rmult_le_pos; [lra |].
        apply Hall; intros j Hj; apply Hg; lia.
    + apply Rplus_le_lt_0_compat.
      * apply Rmult_le_pos; [lra |].
        apply Hall; intros j Hj; apply Hg; lia.
      * apply Rmult_lt_0_compat; [lra |].
        apply (IH k); trivial; [intros j Hj; apply Hg; lia | lia].
Qed.

Theorem expected_increasing (N k : nat) (g : nat -> R) (p q : R) :
  (forall j, (j < N)%nat -> g j <= g (S j)) -> (k < N)%nat -> g k < g (S k) ->
  in_01 p -> in_01 q -> p < q -> expected N g p < expected N g q.
Proof.
  intros Hg Hk Hstrict Hp Hq Hpq.
  destruct N as [| N]; [lia |].
  (* two points strictly inside, where the derivative is positive *)
  set (p' := (2 * p + q) / 3); set (q' := (p + 2 * q) / 3).
  assert (Hp' : in_01 p') by (unfold in_01, p' in *; lra).
  assert (Hq' : in_01 q') by (unfold in_01, q' in *; lra).
  apply Rle_lt_trans with (expected (S N) g p').
  { apply expected_non_decreasing; trivial; unfold p'; lra. }
  apply Rlt_le_trans with (expected (S N) g q');
    [| apply expected_non_decreasing; trivial; unfold q'; lra].
  destruct (mean_value in_01 in_01_interval (expected (S N) g)
              (fun t => INR (S N) * expected N (increment g) t) p' q')
    as [c [Hc Hmean]]; trivial.
  - intros t _; apply derive_expected.
  - unfold p', q'; lra.
  - assert (Hslope : 0 < INR (S N) * expected N (increment g) c).
    { apply Rmult_lt_0_compat; [apply lt_0_INR; lia |].
      apply expected_positive with k; unfold increment.
      - unfold p', q', in_01 in *; lra.
      - intros j Hj; pose proof (Hg j ltac:(lia)); lra.
      - lia.
      - lra. }
    assert (Hwidth : 0 < q' - p') by (unfold p', q'; lra).
    pose proof (Rmult_lt_0_compat _ _ Hslope Hwidth); lra.
Qed.

(** ** Sums *)

Lemma sum_single (f : nat -> R) (n k : nat) :
  (k <= n)%nat -> (forall j, (j <= n)%nat -> j <> k -> f j = 0) -> sum_f_R0 f n = f k.
Proof.
  intros Hk; induction n as [| n IH]; intros Hzero.
  - now replace k with 0%nat by lia.
  - rewrite tech5; destruct (Nat.eq_dec k (S n)) as [-> | Hneq].
    + rewrite (sum_eq _ (fun _ => 0)) by (intros j Hj; apply Hzero; lia).
      rewrite sum_cte; ring.
    + rewrite (Hzero (S n)), IH by (try lia; intros j Hj Hjk; apply Hzero; lia); ring.
Qed.

Lemma expected_sum (N n : nat) (f : nat -> nat -> R) (p : R) :
  expected N (fun k => sum_f_R0 (fun i => f i k) n) p
  = sum_f_R0 (fun i => expected N (f i) p) n.
Proof.
  induction n as [| n IH]; simpl; [reflexivity |].
  now rewrite expected_plus, IH.
Qed.
