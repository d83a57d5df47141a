(** * C7: a smaller budget from the log of a larger one, exactly

    Statement.  A run with budget [N] has count [K] ~ Bin(N, p).  Choose [n] of its [N]
    draws at random.
    - Given [K = k], the count among them is hypergeometric (N, k, n).
    - Without looking at [K] it is Bin(n, p).  So the hypergeometric mean of any [g] of
      the count, computed from the log, has exactly the expected value that a fresh run
      with budget [n] has.
    - The same holds for the mean square; hence the variance of [g] in a fresh run is the
      mean hypergeometric variance plus the variance of the hypergeometric mean.
    - For a log of several samples, counts chosen independently: the mean of the average
      radius is the average of the means, and its variance is the sum of the variances
      over the square of the number of samples.
    The run must have a fixed budget: for one that stopped by its counts, see
    [C7_on_a_stopped_run_is_false] in [Refutations_anytime.v].

    Idea.  Sampling without replacement leaves out one draw at a time: of [N + 1] draws
    with [k] successes, the one left out is a success with probability [k / (N + 1)].
    Bin(N+1, p) weighted by [k] is [(N+1) p] times Bin(N, p) moved up by one, and
    weighted by [N + 1 - k] it is [(N+1) (1-p)] times Bin(N, p).  And the hypergeometric
    law obeys the same recursion, by [k C(k-1,j) = (k-j) C(k,j)]. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List.
From RSTheory Require Import Setting BinomialLaw Paths Hypergeometric.
Import ListNotations.
Open Scope R_scope.

(** ** Leaving out one draw at a time *)

(** The expected value of [g] after one of [N + 1] draws, [k] of them successes, is left
    out at random. *)
Definition leave_one_out (N : nat) (g : nat -> R) (k : nat) : R :=
  (INR k * g (k - 1)%nat + (INR (S N) - INR k) * g k) / INR (S N).

(** The same after leaving out [m] of [n + m] draws, one at a time. *)
Fixpoint subsample (n m : nat) (g : nat -> R) : nat -> R :=
  match m with
  | O => g
  | S m' => leave_one_out (n + m') (subsample n m' g)
  end.

Lemma weighted_by_count (N : nat) (h : nat -> R) (p : R) :
  expected (S N) (fun k => INR k * h (k - 1)%nat) p = INR (S N) * p * expected N h p.
Proof.
  revert h; induction N as [| N IH]; intros h; [simpl; ring |].
  change (expected (S (S N)) (fun k => INR k * h (k - 1)%nat) p)
    with ((1 - p) * expected (S N) (fun k => INR k * h (k - 1)%nat) p
          + p * expected (S N) (fun k => INR (S k) * h (S k - 1)%nat) p).
  rewrite (expected_ext (S N) (fun k => INR (S k) * h (S k - 1)%nat)
             (fun k => h k + INR k * h (S (k - 1)))).
  - rewrite expected_plus, (IH h), (IH (fun j => h (S j))), (S_INR (S N)).
    simpl expected; ring.
  - intros [| k] _.
    + simpl; ring.
    + rewrite (S_INR (S k)); simpl Nat.sub; rewrite Nat.sub_0_r; ring.
Qed.

(** The average over the draw left out, over all runs, is that of a run with one draw
    fewer. *)
Theorem C7_leave_one_out (N : nat) (g : nat -> R) (p : R) :
  expected (S N) (leave_one_out N g) p = expected N g p.
Proof.
  assert (HN : 0 < INR (S N)) by (apply lt_0_INR; lia).
  (* E[K g(K-1)] and E[K g(K)], the latter with h j = g (j + 1) *)
  pose proof (weighted_by_count N g p) as Hdown.
  pose proof (weighted_by_count N (fun j => g (S j)) p) as Hstay.
  rewrite (expected_ext (S N) (fun k => INR k * g (S (k - 1))) (fun k => INR k * g k))
    in Hstay.
  2: { intros [| k] _; [simpl; ring | now replace (S (S k - 1)) with (S k) by lia]. }
  rewrite (expected_ext (S N) (leave_one_out N g)
    (fun k => / INR (S N) * (INR k * g (k - 1)%nat)
              + (g k + - / INR (S N) * (INR k * g k)))).
  - rewrite !expected_plus, !expected_scal, Hdown, Hstay.
    simpl expected; field; lra.
  - intros k _; unfold leave_one_out; field; lra.
Qed.

Lemma subsample_of_runs (n m : nat) (g : nat -> R) (p : R) :
  expected (n + m) (subsample n m g) p = expected n g p.
Proof.
  induction m as [| m IH]; simpl subsample.
  - now rewrite Nat.add_0_r.
  - replace (n + S m)%nat with (S (n + m)) by lia.
    now rewrite C7_leave_one_out.
Qed.

(** ** The hypergeometric law *)

(** One draw fewer, in the law. *)
Lemma hypergeometric_leaves_one (N k n j : nat) :
  (k <= S N)%nat -> (j <= n <= N)%nat ->
  INR k * hypergeometric N (k - 1) n j
  + (INR (S N) - INR k) * hypergeometric N k n j
  = INR (S N) * hypergeometric (S N) k n j.
Proof.
  intros Hk Hj; unfold hypergeometric; rewrite !mult_INR.
  assert (HcN : 0 < INR (choose N n)) by (apply lt_0_INR, choose_positive; lia).
  assert (HcS : 0 < INR (choose (S N) n)) by (apply lt_0_INR, choose_positive; lia).
  pose proof (choose_leaves_one N n) as Hall.
  (* the first term *)
  assert (Hfirst : INR k * (INR (choose (k - 1) j) * INR (choose (N - (k - 1)) (n - j)))
    = (INR k - INR j) * INR (choose k j) * INR (choose (S N - k) (n - j))).
  { rewrite <- Rmult_assoc, choose_from_fewer.
    destruct k as [| k].
    - destruct j as [| j]; simpl; ring.
    - now replace (N - (S k - 1))%nat with (S N - S k)%nat by lia. }
  (* the second *)
  assert (Hsecond : (INR (S N) - INR k) * (INR (choose k j) * INR (choose (N - k) (n - j)))
    = (INR (S N) - INR k - INR (n - j)) * INR (choose k j) * INR (choose (S N - k) (n - j))).
  { destruct (Nat.eq_dec k (S N)) as [-> | Hneq].
    - replace (S N - S N)%nat with 0%nat by lia.
      destruct (n - j)%nat as [| i]; simpl choose; simpl (INR 0); ring.
    - pose proof (choose_leaves_one (N - k) (n - j)) as Hrest.
      replace (S (N - k)) with (S N - k)%nat in Hrest by lia.
      rewrite minus_INR in Hrest by lia.
      replace ((INR (S N) - INR k) * (INR (choose k j) * INR (choose (N - k) (n - j))))
        with (INR (choose k j) * ((INR (S N) - INR k) * INR (choose (N - k) (n - j)))) by ring.
      rewrite Hrest; ring. }
  rewrite minus_INR in Hsecond by lia.
  set (a := INR (choose k j)) in *; set (b := INR (choose (S N - k) (n - j))) in *.
  replace (INR k * (INR (choose (k - 1) j) * INR (choose (N - (k - 1)) (n - j))
             / INR (choose N n)))
    with (INR k * (INR (choose (k - 1) j) * INR (choose (N - (k - 1)) (n - j)))
             / INR (choose N n)) by (unfold Rdiv; ring).
  replace ((INR (S N) - INR k) * (a * INR (choose (N - k) (n - j)) / INR (choose N n)))
    with ((INR (S N) - INR k) * (a * INR (choose (N - k) (n - j))) / INR (choose N n))
    by (unfold Rdiv; ring).
  rewrite Hfirst, Hsecond.
  apply (Rmult_eq_reg_r (INR (choose N n) * INR (choose (S N) n))).
  2: { apply Rgt_not_eq, Rmult_lt_0_compat; assumption. }
  transitivity (((INR (S N) - INR n) * INR (choose (S N) n)) * (a * b)).
  - field; lra.
  - rewrite <- Hall; field; lra.
Qed.

(** Leaving out draws one at a time until [n] of [n + m] are left gives the hypergeometric
    law: choosing them at once or one by one is the same. *)
Theorem C7_one_by_one (n m k : nat) (g : nat -> R) :
  (k <= n + m)%nat -> subsample n m g k = hypergeometric_mean (n + m) k n g.
Proof.
  revert k; induction m as [| m IH]; intros k Hk; simpl subsample.
  - rewrite Nat.add_0_r in *; unfold hypergeometric_mean.
    rewrite (sum_single _ n k Hk).
    + unfold hypergeometric; rewrite !choose_all_of; simpl; field.
    + intros j Hj Hneq; unfold hypergeometric.
      destruct (le_lt_dec j k) as [Hle | Hlt].
      * rewrite (choose_beyond (n - k) (n - j)) by lia.
        rewrite Nat.mul_0_r; simpl; unfold Rdiv; ring.
      * rewrite (choose_beyond k j) by lia; simpl; unfold Rdiv; ring.
  - replace (n + S m)%nat with (S (n + m)) in * by lia.
    set (N := (n + m)%nat) in *.
    assert (HN : 0 < INR (S N)) by (apply lt_0_INR; lia).
    unfold leave_one_out.
    rewrite (IH (k - 1)%nat) by lia.
    assert (Hstay : (INR (S N) - INR k) * subsample n m g k
                    = (INR (S N) - INR k) * hypergeometric_mean N k n g).
    { destruct (Nat.eq_dec k (S N)) as [-> | Hneq]; [ring |].
      rewrite IH by lia; reflexivity. }
    rewrite Hstay; unfold hypergeometric_mean.
    apply (Rmult_eq_reg_l (INR (S N))); [| lra].
    replace (INR (S N) * ((INR k * sum_f_R0 (fun j => hypergeometric N (k - 1) n j * g j) n
      + (INR (S N) - INR k) * sum_f_R0 (fun j => hypergeometric N k n j * g j) n) / INR (S N)))
      with (INR k * sum_f_R0 (fun j => hypergeometric N (k - 1) n j * g j) n
      + (INR (S N) - INR k) * sum_f_R0 (fun j => hypergeometric N k n j * g j) n)
      by (field; lra).
    rewrite !scal_sum, <- sum_plus; apply sum_eq; intros j Hj.
    replace (hypergeometric (S N) k n j * g j * INR (S N))
      with (INR (S N) * hypergeometric (S N) k n j * g j) by ring.
    rewrite <- hypergeometric_leaves_one by (unfold N; lia); ring.
Qed.

(** Given the draws of a log, [k] successes among [N], the average of [g] over every
    choice of [n] of them is its mean under the hypergeometric law (N, k, n). *)
Theorem C7_law (n : nat) (g : nat -> R) (draws : list bool) :
  average_over_choices n g draws
  = sum_f_R0 (fun j => INR (choose (successes draws) j
                            * choose (length draws - successes draws) (n - j))
                       / INR (choose (length draws) n) * g j) n.
Proof. apply choices_are_hypergeometric. Qed.

(** The hypergeometric mean computed from a run with budget [N] has exactly the expected
    value of a fresh run with budget [n <= N], whatever is computed from the count. *)
Theorem C7 (N n : nat) (g : nat -> R) (p : R) :
  (n <= N)%nat ->
  expected N (fun k => hypergeometric_mean N k n g) p = expected n g p.
Proof.
  intros Hn; rewrite <- (subsample_of_runs n (N - n) g p).
  replace (n + (N - n))%nat with N by lia.
  apply expected_ext; intros k Hk.
  rewrite C7_one_by_one by lia.
  now replace (n + (N - n))%nat with N by lia.
Qed.

(** The same of the run itself: draw [N] times, then choose [n] of the draws. *)
Theorem C7_of_runs (N n : nat) (g : nat -> R) (p : R) :
  (n <= N)%nat ->
  over_paths N (average_over_choices n g) p = expected n g p.
Proof.
  intros Hn; rewrite <- (C7 N n g p Hn), <- over_paths_of_count.
  apply over_paths_ext; intros w Hw.
  now rewrite choices_are_hypergeometric, Hw.
Qed.

(** ** The variance of the radius *)

Lemma hypergeometric_total (N k n : nat) :
  (k <= N)%nat -> (n <= N)%nat -> hypergeometric_mean N k n (fun _ => 1) = 1.
Proof.
  intros Hk Hn; replace N with (n + (N - n))%nat by lia.
  rewrite <- C7_one_by_one by lia.
  assert (Hone : forall m j, subsample n m (fun _ => 1) j = 1).
  { induction m as [| m IH]; intros j; simpl; [reflexivity |].
    unfold leave_one_out; rewrite !IH.
    assert (0 < INR (S (n + m))) by (apply lt_0_INR; lia).
    field; lra. }
  apply Hone.
Qed.

Lemma hypergeometric_mean_plus (N k n : nat) (g h : nat -> R) :
  hypergeometric_mean N k n (fun j => g j + h j)
  = hypergeometric_mean N k n g + hypergeometric_mean N k n h.
Proof.
  unfold hypergeometric_mean; rewrite <- sum_plus; apply sum_eq; intros; ring.
Qed.

Lemma hypergeometric_mean_scal (N k n : nat) (c : R) (g : nat -> R) :
  hypergeometric_mean N k n (fun j => c * g j) = c * hypergeometric_mean N k n g.
Proof.
  unfold hypergeometric_mean; rewrite scal_sum; apply sum_eq; intros; ring.
Qed.

Lemma hypergeometric_mean_ext (N k n : nat) (g h : nat -> R) :
  (forall j, g j = h j) -> hypergeometric_mean N k n g = hypergeometric_mean N k n h.
Proof. intros H; apply sum_eq; intros j _; now rewrite H. Qed.

(** The mean squared distance of [g] from its mean, under the hypergeometric law. *)
Definition hypergeometric_variance (N k n : nat) (g : nat -> R) : R :=
  hypergeometric_mean N k n (fun j => (g j - hypergeometric_mean N k n g) ^ 2).

(** It is the mean square less the square of the mean. *)
Theorem C7_variance (N k n : nat) (g : nat -> R) :
  (k <= N)%nat -> (n <= N)%nat ->
  hypergeometric_variance N k n g
  = hypergeometric_mean N k n (fun j => g j ^ 2) - hypergeometric_mean N k n g ^ 2.
Proof.
  intros Hk Hn; unfold hypergeometric_variance.
  set (m := hypergeometric_mean N k n g).
  rewrite (hypergeometric_mean_ext _ _ _ _
             (fun j => g j ^ 2 + (-2 * m * g j + m ^ 2 * 1))) by (intros; ring).
  rewrite !hypergeometric_mean_plus, !hypergeometric_mean_scal, hypergeometric_total by lia.
  fold m; ring.
Qed.

(** The variance of [g] in a fresh run of budget [n] is what the log leaves open, on
    average, plus what one log differs from another. *)
Theorem C7_total_variance (N n : nat) (g : nat -> R) (p : R) :
  (n <= N)%nat ->
  expected n (fun j => (g j - expected n g p) ^ 2) p
  = expected N (fun k => hypergeometric_variance N k n g) p
    + expected N (fun k => (hypergeometric_mean N k n g - expected n g p) ^ 2) p.
Proof.
  intros Hn; set (e := expected n g p).
  rewrite (expected_ext n _ (fun j => g j ^ 2 + (-2 * e * g j + e ^ 2 * 1)))
    by (intros; ring).
  rewrite !expected_plus, !expected_scal, expected_const; fold e.
  rewrite (expected_ext N (fun k => hypergeometric_variance N k n g)
    (fun k => hypergeometric_mean N k n (fun j => g j ^ 2)
              + -1 * hypergeometric_mean N k n g ^ 2))
    by (intros k Hk; rewrite C7_variance by lia; ring).
  rewrite (expected_ext N (fun k => (hypergeometric_mean N k n g - e) ^ 2)
    (fun k => hypergeometric_mean N k n g ^ 2
              + (-2 * e * hypergeometric_mean N k n g + e ^ 2 * 1))) by (intros; ring).
  rewrite !expected_plus, !expected_scal, expected_const, !C7 by exact Hn; fold e; ring.
Qed.

(** ** The average over the samples of a log *)

(** The expected value of [f] of the radii of several samples, whose counts, [k] of [N]
    for each [(N, k)] of the log, are cut down to [n] independently. *)
Fixpoint over_log (n : nat) (g : nat -> R) (log : list (nat * nat)) (f : list R -> R) : R :=
  match log with
  | [] => f []
  | (N, k) :: log' =>
      hypergeometric_mean N k n (fun j => over_log n g log' (fun radii => f (g j :: radii)))
  end.

Definition fits (n : nat) (sample : nat * nat) : Prop :=
  (snd sample <= fst sample)%nat /\ (n <= fst sample)%nat.

Lemma over_log_ext (n : nat) (g : nat -> R) (log : list (nat * nat)) (f h : list R -> R) :
  (forall radii, f radii = h radii) -> over_log n g log f = over_log n g log h.
Proof.
  revert f h; induction log as [| [N k] log IH]; intros f h Hfh; simpl; [apply Hfh |].
  apply hypergeometric_mean_ext; intros j; apply IH; intros radii; apply Hfh.
Qed.

Lemma over_log_scal (n : nat) (g : nat -> R) (log : list (nat * nat)) (c : R) (f : list R -> R) :
  over_log n g log (fun radii => f radii * c) = over_log n g log f * c.
Proof.
  revert f; induction log as [| [N k] log IH]; intros f; simpl; [reflexivity |].
  rewrite Rmult_comm, <- hypergeometric_mean_scal; apply hypergeometric_mean_ext.
  intros j; rewrite IH; ring.
Qed.

Lemma over_log_mean (n : nat) (g : nat -> R) (log : list (nat * nat)) (s : R) :
  Forall (fits n) log ->
  over_log n g log (fun radii => s + sum radii)
  = s + sum (map (fun x => hypergeometric_mean (fst x) (snd x) n g) log).
Proof.
  intros Hlog; revert s; induction Hlog as [| [N k] log [Hk Hn] _ IH]; intros s; simpl in *.
  - ring.
  - rewrite (hypergeometric_mean_ext _ _ _ _ (fun j => g j
      + (s + sum (map (fun x => hypergeometric_mean (fst x) (snd x) n g) log)) * 1)).
    + rewrite hypergeometric_mean_plus, hypergeometric_mean_scal, hypergeometric_total
        by lia; ring.
    + intros j; rewrite (over_log_ext _ _ _ _ (fun radii => (s + g j) + sum radii))
        by (intros; simpl; ring).
      rewrite IH; ring.
Qed.

Lemma over_log_square (n : nat) (g : nat -> R) (log : list (nat * nat)) (s : R) :
  Forall (fits n) log ->
  over_log n g log (fun radii => (sum radii - s) ^ 2)
  = sum (map (fun x => hypergeometric_variance (fst x) (snd x) n g) log)
    + (sum (map (fun x => hypergeometric_mean (fst x) (snd x) n g) log) - s) ^ 2.
Proof.
  intros Hlog; revert s; induction Hlog as [| [N k] log [Hk Hn] _ IH]; intros s.
  - simpl; ring.
  - simpl in Hk, Hn; cbn [over_log map sum fst snd].
    set (v := sum (map (fun x => hypergeometric_variance (fst x) (snd x) n g) log)) in *.
    set (m := sum (map (fun x => hypergeometric_mean (fst x) (snd x) n g) log)) in *.
    rewrite (hypergeometric_mean_ext _ _ _ _
      (fun j => g j ^ 2 + (2 * (m - s) * g j + (v + (m - s) ^ 2) * 1))).
    + rewrite !hypergeometric_mean_plus, !hypergeometric_mean_scal, hypergeometric_total
        by lia.
      rewrite C7_variance by lia; ring.
    + intros j.
      rewrite (over_log_ext _ _ _ _ (fun radii => (sum radii - (s - g j)) ^ 2))
        by (intros; simpl; ring).
      rewrite IH; ring.
Qed.

(** Given the log, the average radius (ACR) at budget [n] has the average of the
    hypergeometric means of the samples' radii as its mean. *)
Theorem C7_acr_mean (n : nat) (g : nat -> R) (log : list (nat * nat)) :
  Forall (fits n) log ->
  over_log n g log (fun radii => sum radii / INR (length log))
  = mean (map (fun x => hypergeometric_mean (fst x) (snd x) n g) log).
Proof.
  intros Hlog; unfold mean; rewrite map_length.
  rewrite <- (Rplus_0_l (sum _)), <- (over_log_mean n g log 0 Hlog).
  unfold Rdiv; rewrite <- over_log_scal; apply over_log_ext; intros; ring.
Qed.

(** Its variance is the sum of the samples' hypergeometric variances over the square of
    the number of samples. *)
Theorem C7_acr_variance (n : nat) (g : nat -> R) (log : list (nat * nat)) :
  Forall (fits n) log -> (0 < length log)%nat ->
  over_log n g log (fun radii =>
    (sum radii / INR (length log)
     - mean (map (fun x => hypergeometric_mean (fst x) (snd x) n g) log)) ^ 2)
  = sum (map (fun x => hypergeometric_variance (fst x) (snd x) n g) log)
    / INR (length log) ^ 2.
Proof.
  intros Hlog Hlength; unfold mean; rewrite map_length.
  set (m := sum (map (fun x => hypergeometric_mean (fst x) (snd x) n g) log)).
  assert (HT : 0 < INR (length log)) by now apply lt_0_INR.
  rewrite (over_log_ext _ _ _ _
    (fun radii => (sum radii - m) ^ 2 * / INR (length log) ^ 2)) by (intros; field; lra).
  rewrite over_log_scal, over_log_square by exact Hlog; fold m; unfold Rdiv; ring.
Qed.
