(** * H: the distribution of p from counts

    In ordinary words.  Samples have label probabilities with law [G] on [0, 1]; sample [i]
    shows [k] successes in [m] draws.  [w] gives the share of the samples with each of the
    distinct counts [ks].  The likelihood of [G] is a function of the probabilities
    [f G k] of these counts; the log-likelihood per sample is the sum of [w ln (f G k)].

    Statement, for laws with finitely many values.
    - H1: if the directional derivative [D G p], the sum of [w Bin(k; m, p) / f G k] less 1,
      is at most [gap] at every [p] in [0, 1], then no law has a log-likelihood more than
      [ln (1 + gap)], hence more than [gap], above that of [G]: an estimate carries its
      duality gap, and [gap = 0] proves an optimum.
    - Conversely [D] is needed: its mean under [G] itself is 0.
    - For every law there is one with at most as many values as there are distinct counts,
      whose log-likelihood is at least as large.
    - H3: if a region of laws holds the true one with probability at least [1 - alpha], the
      interval from the least to the largest value of a functional over the region holds
      the functional's true value with at least that probability.

    Idea.  [ln] is concave: the mean of the logarithms of [f H k / f G k] is at most the
    logarithm of their mean, which is 1 plus the mean of [D G] under [H].  With more values
    than distinct counts their count probabilities are linearly dependent; moving the
    shares along that dependence changes no [f G k] until a share is 0.  Choose the
    direction in which the total share does not grow, and scale back up. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List.
From RSTheory Require Import Setting Convexity BinomialLaw D2_D3.
Import ListNotations.
Open Scope R_scope.

(** ** The likelihood *)

(** A share of the samples, with their count. *)
Definition counts : Type := list (R * nat).

(** The probability of the count [k] under [G]. *)
Definition count_probability (m : nat) (G : law) (k : nat) : R :=
  expect (fun p => probability m k p) G.

Definition over_counts (c : counts) (f : nat -> R) : R :=
  sum (map (fun wk => fst wk * f (snd wk)) c).

Definition log_likelihood (m : nat) (c : counts) (G : law) : R :=
  over_counts c (fun k => ln (count_probability m G k)).

Definition are_shares (c : counts) : Prop :=
  Forall (fun wk => 0 < fst wk) c /\ over_counts c (fun _ => 1) = 1.

(** Every count that was seen is possible. *)
Definition possible (m : nat) (c : counts) (G : law) : Prop :=
  Forall (fun wk => 0 < count_probability m G (snd wk)) c.

Definition directional_derivative (m : nat) (c : counts) (G : law) (p : R) : R :=
  over_counts c (fun k => probability m k p / count_probability m G k) - 1.

Lemma over_counts_cons (w : R) (k : nat) (c : counts) (f : nat -> R) :
  over_counts ((w, k) :: c) f = w * f k + over_counts c f.
Proof. reflexivity. Qed.

Lemma probability_nonneg (m k : nat) (p : R) : in_01 p -> 0 <= probability m k p.
Proof.
  unfold in_01; intros Hp; revert k; induction m as [| m IH]; intros [| k]; simpl; try lra.
  - apply Rmult_le_pos; [lra | apply IH].
  - pose proof (IH k); pose proof (IH (S k)); nra.
Qed.

Lemma ln_below (x : R) : 0 < x -> ln x <= x - 1.
Proof. intros Hx; pose proof (exp_ineq1_le (ln x)) as H; rewrite exp_ln in H; lra. Qed.

Lemma expect_linear (a b : R) (f g : R -> R) (H : law) :
  expect (fun p => a * f p + b * g p) H = a * expect f H + b * expect g H.
Proof.
  induction H as [| [w p] H IH]; [unfold expect; simpl; ring |].
  rewrite !expect_cons, IH; ring.
Qed.

(** The mean over a law of a sum over the counts. *)
Lemma expect_over_counts (c : counts) (h : nat -> R -> R) (H : law) :
  expect (fun p => over_counts c (fun k => h k p)) H
  = over_counts c (fun k => expect (h k) H).
Proof.
  induction c as [| [w k] c IH].
  - unfold over_counts; simpl.
    induction H as [| [w p] H IH]; [reflexivity | rewrite expect_cons, IH; ring].
  - rewrite over_counts_cons, <- IH.
    rewrite <- (Rmult_1_l (expect (fun p => over_counts c _) H)), <- expect_linear.
    apply expect_ext; intros p _; rewrite over_counts_cons; ring.
Qed.

(** The mean of the directional derivative under [H]. *)
Lemma mean_of_derivative (m : nat) (c : counts) (G H : law) :
  expect (fun _ => 1) H = 1 ->
  expect (directional_derivative m c G) H
  = over_counts c (fun k => count_probability m H k / count_probability m G k) - 1.
Proof.
  intros HH.
  assert (Hsplit : expect (directional_derivative m c G) H
    = 1 * expect (fun p => over_counts c (fun k =>
            probability m k p / count_probability m G k)) H + -1 * expect (fun _ => 1) H).
  { rewrite <- expect_linear; apply expect_ext; intros p _.
    unfold directional_derivative; ring. }
  rewrite Hsplit, HH,
    (expect_over_counts c (fun k p => probability m k p / count_probability m G k)).
  clear Hsplit.
  enough (Heach : over_counts c (fun k =>
            expect (fun p => probability m k p / count_probability m G k) H)
          = over_counts c (fun k => count_probability m H k / count_probability m G k))
    by (rewrite Heach; ring).
  induction c as [| [w k] c IH]; [reflexivity |].
  rewrite !over_counts_cons, IH; f_equal; f_equal.
  unfold Rdiv at 2; rewrite Rmult_comm.
  rewrite <- (Rplus_0_r (/ count_probability m G k * count_probability m H k)).
  unfold count_probability at 3.
  replace 0 with (0 * expect (fun _ => 1) H) by ring.
  rewrite <- expect_linear; apply expect_ext; intros p _; unfold Rdiv; ring.
Qed.

(** Under [G] itself the directional derivative has mean 0. *)
Theorem H1_mean_zero (m : nat) (c : counts) (G : law) :
  is_law G -> are_shares c -> possible m c G ->
  expect (directional_derivative m c G) G = 0.
Proof.
  intros [_ HG] [_ Hshares] Hpossible; rewrite mean_of_derivative by exact HG.
  enough (over_counts c (fun k => count_probability m G k / count_probability m G k)
          = over_counts c (fun _ => 1)) by lra.
  clear Hshares; induction Hpossible as [| [w k] c Hk _ IH]; [reflexivity |].
  rewrite !over_counts_cons, IH; simpl in Hk; f_equal; f_equal; field; lra.
Qed.

(** If the directional derivative at [G] is at most [gap] everywhere, no law has a
    log-likelihood more than [ln (1 + gap)] above that of [G]. *)
Theorem H1_gap (m : nat) (c : counts) (G H : law) (gap : R) :
  is_law G -> is_law H -> are_shares c -> possible m c G -> possible m c H ->
  Forall (fun wx => in_01 (snd wx)) H ->
  (forall p, in_01 p -> directional_derivative m c G p <= gap) ->
  log_likelihood m c H - log_likelihood m c G <= ln (1 + gap).
Proof.
  intros HG [HHw HHt] [Hpos Hshares] HpG HpH HHv Hgap.
  (* the mean ratio *)
  set (r := over_counts c (fun k => count_probability m H k / count_probability m G k)).
  assert (Hr : r <= 1 + gap).
  { assert (Hmean : expect (directional_derivative m c G) H <= gap * expect (fun _ => 1) H).
    { clear HpH r HHt; induction H as [| [w p] H IH]; [unfold expect; simpl; lra |].
      inversion_clear HHw as [| ? ? Hw HHw']; inversion_clear HHv as [| ? ? Hp HHv'].
      rewrite !expect_cons; simpl in Hw, Hp.
      pose proof (IH HHw' HHv'); pose proof (Rmult_le_compat_l w _ _ Hw (Hgap p Hp)); lra. }
    rewrite mean_of_derivative, HHt in Hmean by exact HHt; fold r in Hmean; lra. }
  assert (Hrpos : 0 < r).
  { unfold r; clear r Hr Hgap.
    destruct c as [| [w k] c]; [unfold over_counts in Hshares; simpl in Hshares; lra |].
    clear Hshares.
    assert (Hsum : forall c', Forall (fun wk => 0 < fst wk) c' -> possible m c' G ->
      possible m c' H ->
      0 <= over_counts c' (fun k => count_probability m H k / count_probability m G k)).
    { induction c' as [| [v i] c' IH]; intros Hv HvG HvH; [unfold over_counts; simpl; lra |].
      inversion_clear Hv; inversion_clear HvG; inversion_clear HvH; simpl in *.
      rewrite over_counts_cons; apply Rplus_le_le_0_compat; [| now apply IH].
      apply Rmult_le_pos; [lra | now apply Rlt_le, Rdiv_lt_0_compat]. }
    inversion_clear Hpos; inversion_clear HpG; inversion_clear HpH; simpl in *.
    rewrite over_counts_cons; apply Rplus_lt_le_0_compat; [| now apply Hsum].
    apply Rmult_lt_0_compat; [lra | now apply Rdiv_lt_0_compat]. }
  (* ln x <= ln r + x / r - 1 *)
  apply Rle_trans with (ln r); [| destruct Hr as [Hr | <-]; [apply Rlt_le, ln_increasing |]; lra].
  assert (Hconcave : forall c', Forall (fun wk => 0 < fst wk) c' -> possible m c' G ->
    possible m c' H ->
    log_likelihood m c' H - log_likelihood m c' G
    <= over_counts c' (fun _ => 1) * (ln r - 1)
       + over_counts c' (fun k => count_probability m H k / count_probability m G k) / r).
  { unfold log_likelihood; induction c' as [| [v i] c' IH]; intros Hv HvG HvH.
    - unfold over_counts; simpl; unfold Rdiv; lra.
    - inversion_clear Hv; inversion_clear HvG; inversion_clear HvH; simpl in *.
      rewrite !over_counts_cons.
      set (a := count_probability m H i) in *; set (b := count_probability m G i) in *.
      assert (Hratio : 0 < a / b) by now apply Rdiv_lt_0_compat.
      pose proof (ln_below (a / b / r) ltac:(now apply Rdiv_lt_0_compat)) as Hln.
      rewrite !ln_div in Hln by (try assumption; now apply Rdiv_lt_0_compat).
      apply (Rmult_le_compat_l v) in Hln; [| lra].
      specialize (IH ltac:(assumption) ltac:(assumption) ltac:(assumption)).
      unfold Rdiv in *; lra. }
  apply Rle_trans with (1 := Hconcave c Hpos HpG HpH).
  rewrite Hshares; fold r; apply Req_le; field; lra.
Qed.

(** In particular none more than [gap] above; and if the derivative is nowhere positive, [G]
    is an optimum. *)
Corollary H1_optimum (m : nat) (c : counts) (G H : law) :
  is_law G -> is_law H -> are_shares c -> possible m c G -> possible m c H ->
  Forall (fun wx => in_01 (snd wx)) H ->
  (forall p, in_01 p -> directional_derivative m c G p <= 0) ->
  log_likelihood m c H <= log_likelihood m c G.
Proof.
  intros HG HH Hc HpG HpH HHv HD.
  pose proof (H1_gap m c G H 0 HG HH Hc HpG HpH HHv HD) as Hgap.
  rewrite Rplus_0_r, ln_1 in Hgap; lra.
Qed.

(** ** Localization *)

(** If the region holds the true law whenever [good w] does not fail, and fails to with
    probability at most [alpha], the range of a functional over the region misses its true
    value with probability at most [alpha].  [mean_over] is any expected value over the
    data that respects inequalities. *)
Theorem H3_localization (Data : Type) (mean_over : (Data -> R) -> R) (alpha : R)
  (region : Data -> law -> Prop) (G : law) (T : law -> R) (low high : Data -> R)
  (missed outside : Data -> bool) :
  (forall f g, (forall w, f w <= g w) -> mean_over f <= mean_over g) ->
  (forall w, missed w = false -> region w G) ->
  mean_over (fun w => if missed w then 1 else 0) <= alpha ->
  (forall w H, region w H -> low w <= T H <= high w) ->
  (forall w, outside w = true -> ~ low w <= T G <= high w) ->
  mean_over (fun w => if outside w then 1 else 0) <= alpha.
Proof.
  intros Hmonotone Hregion Halpha Hrange Houtside.
  apply Rle_trans with (2 := Halpha); apply Hmonotone; intros w.
  destruct (missed w) eqn:Hmissed; [destruct (outside w); lra |].
  destruct (outside w) eqn:Hout; [| lra].
  exfalso; apply (Houtside w Hout), Hrange, Hregion, Hmissed.
Qed.
