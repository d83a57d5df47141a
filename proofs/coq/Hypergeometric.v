(** * Hypergeometric: how many of [n] draws, chosen at random among [N], are successes

    Statement.  Of the [N] draws of a run [k] are successes.  Choose [n] of them, every
    choice being equally likely.
    - There are [choose N n] choices, and [choose k j * choose (N - k) (n - j)] of them
      hold exactly [j] successes: the share of these is the hypergeometric law.
    - The mean of any [g] of the number of successes, over all choices, is its mean under
      that law.

    Idea.  A choice takes the first draw or leaves it; Pascal's rule counts both. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List Arith.
From RSTheory Require Import Setting Paths.
Import ListNotations.
Open Scope R_scope.

(** ** Choices *)

(** The number of ways to choose [k] of [n], by Pascal's rule; 0 if [k > n]. *)
Fixpoint choose (n k : nat) : nat :=
  match n, k with
  | _, O => 1
  | O, S _ => 0
  | S n', S k' => choose n' k' + choose n' (S k')
  end.

(** All ways to choose [n] of the draws, as lists of the draws chosen. *)
Fixpoint choices (n : nat) (draws : list bool) : list (list bool) :=
  match n, draws with
  | O, _ => [[]]
  | S _, [] => []
  | S n', d :: rest => map (cons d) (choices n' rest) ++ choices n rest
  end.

Lemma choose_0_right (n : nat) : choose n 0 = 1%nat.
Proof. now destruct n. Qed.

Lemma choose_beyond (n k : nat) : (n < k)%nat -> choose n k = 0%nat.
Proof.
  revert k; induction n as [| n IH]; intros [| k] Hk; simpl; try lia.
  rewrite !IH by lia; reflexivity.
Qed.

Lemma choose_positive (n k : nat) : (k <= n)%nat -> (0 < choose n k)%nat.
Proof.
  revert k; induction n as [| n IH]; intros [| k] Hk; simpl; try lia.
  pose proof (IH k ltac:(lia)); lia.
Qed.

Lemma choose_all_of (n : nat) : choose n n = 1%nat.
Proof.
  induction n as [| n IH]; simpl; [reflexivity |].
  rewrite IH, choose_beyond; lia.
Qed.

Lemma choose_absorbs (n k : nat) : (S k * choose (S n) (S k) = S n * choose n k)%nat.
Proof.
  revert k; induction n as [| n IH]; intros k.
  - destruct k as [| k]; simpl; lia.
  - change (choose (S (S n)) (S k)) with (choose (S n) k + choose (S n) (S k))%nat.
    pose proof (IH k) as Hk.
    destruct k as [| k].
    + rewrite !choose_0_right in *; lia.
    + pose proof (IH k) as Hk'.
      change (choose (S n) (S k)) with (choose n k + choose n (S k))%nat in *; lia.
Qed.

(** [C(n,k) (n+1) = C(n+1,k) (n+1-k)] *)
Lemma choose_leaves_one (n k : nat) :
  INR (S n) * INR (choose n k) = (INR (S n) - INR k) * INR (choose (S n) k).
Proof.
  enough (H : (S n * choose n k + k * choose (S n) k = S n * choose (S n) k)%nat).
  { apply (f_equal INR) in H; rewrite plus_INR, !mult_INR in H; lra. }
  destruct k as [| k]; [rewrite !choose_0_right; lia |].
  rewrite choose_absorbs.
  change (choose (S n) (S k)) with (choose n k + choose n (S k))%nat; lia.
Qed.

(** [k C(k-1,j) = (k-j) C(k,j)] *)
Lemma choose_from_fewer (k j : nat) :
  INR k * INR (choose (k - 1) j) = (INR k - INR j) * INR (choose k j).
Proof.
  destruct k as [| k].
  - destruct j as [| j]; simpl; ring.
  - replace (S k - 1)%nat with k by lia; apply choose_leaves_one.
Qed.

(** ** The number of choices *)

Theorem number_of_choices (n : nat) (draws : list bool) :
  length (choices n draws) = choose (length draws) n.
Proof.
  revert n; induction draws as [| d rest IH]; intros [| n]; try reflexivity.
  simpl choices; rewrite app_length, map_length, !IH; reflexivity.
Qed.

(** Among [counts], how many are [j]. *)
Definition number (j : nat) (counts : list nat) : nat := count_occ Nat.eq_dec counts j.

Lemma number_shifted (j : nat) (l : list nat) : number (S j) (map S l) = number j l.
Proof.
  unfold number; induction l as [| x l IH]; simpl; [reflexivity |].
  rewrite IH; destruct (Nat.eq_dec x j), (Nat.eq_dec (S x) (S j)); lia.
Qed.

Lemma number_shifted_0 (l : list nat) : number 0 (map S l) = 0%nat.
Proof. unfold number; induction l as [| x l IH]; simpl; [reflexivity | exact IH]. Qed.

Lemma number_app (j : nat) (l l' : list nat) :
  number j (l ++ l') = (number j l + number j l')%nat.
Proof.
  unfold number; induction l as [| x l IH]; simpl; [reflexivity |].
  rewrite IH; destruct (Nat.eq_dec x j); lia.
Qed.

Lemma choice_has_at_most (n : nat) (draws : list bool) :
  Forall (fun j => (j <= n)%nat) (map successes (choices n draws)).
Proof.
  revert n; induction draws as [| d rest IH]; intros [| n]; simpl; try (repeat constructor).
  rewrite map_app, map_map; apply Forall_app; split; [| apply IH].
  specialize (IH n); rewrite Forall_map in IH; rewrite Forall_map.
  apply (Forall_impl _ (P := fun c => (successes c <= n)%nat)); [| exact IH].
  intros c Hc; destruct d; simpl; lia.
Qed.

Lemma number_above (j n : nat) (l : list nat) :
  Forall (fun x => (x <= n)%nat) l -> (n < j)%nat -> number j l = 0%nat.
Proof.
  intros Hl Hj; unfold number; induction Hl as [| x l Hx _ IH]; simpl; [reflexivity |].
  destruct (Nat.eq_dec x j); [lia | exact IH].
Qed.

(** Of all choices of [n] draws, this many hold exactly [j] successes. *)
Theorem choices_with_j_successes (n j : nat) (draws : list bool) :
  (j <= n)%nat ->
  number j (map successes (choices n draws))
  = (choose (successes draws) j * choose (failures draws) (n - j))%nat.
Proof.
  revert n j; induction draws as [| d rest IH]; intros [| n] j Hj.
  - replace j with 0%nat by lia; reflexivity.
  - destruct j as [| j]; reflexivity.
  - replace j with 0%nat by lia; simpl; rewrite !choose_0_right; reflexivity.
  - simpl choices; rewrite map_app, number_app, map_map, (IH (S n) j Hj).
    destruct d; simpl successes; simpl failures.
    + rewrite <- (map_map successes S).
      destruct j as [| j].
      * rewrite number_shifted_0, !choose_0_right; lia.
      * rewrite number_shifted, IH by lia.
        simpl Nat.sub; simpl choose; lia.
    + destruct (Nat.eq_dec j (S n)) as [-> | Hneq].
      * rewrite (number_above _ n) by (try apply choice_has_at_most; lia).
        rewrite Nat.sub_diag, !choose_0_right; lia.
      * rewrite IH by lia.
        replace (S n - j)%nat with (S (n - j)) by lia; simpl choose; lia.
Qed.

(** ** The law *)

(** The probability of [j] successes in a choice of [n] of [N] draws, [k] of them
    successes. *)
Definition hypergeometric (N k n j : nat) : R :=
  INR (choose k j * choose (N - k) (n - j)) / INR (choose N n).

Definition hypergeometric_mean (N k n : nat) (g : nat -> R) : R :=
  sum_f_R0 (fun j => hypergeometric N k n j * g j) n.

(** The average over the choices, all equally likely. *)
Definition average_over_choices (n : nat) (g : nat -> R) (draws : list bool) : R :=
  mean (map (fun c => g (successes c)) (choices n draws)).

Lemma sum_by_value (g : nat -> R) (n : nat) (l : list nat) :
  Forall (fun x => (x <= n)%nat) l ->
  sum (map g l) = sum_f_R0 (fun j => INR (number j l) * g j) n.
Proof.
  induction 1 as [| x l Hx _ IH].
  - simpl; rewrite (sum_eq _ (fun _ => 0)) by (intros; simpl; ring).
    rewrite sum_cte; ring.
  - assert (Hsplit : sum_f_R0 (fun j => INR (number j (x :: l)) * g j) n
      = sum_f_R0 (fun j => (if Nat.eq_dec x j then g j else 0)) n
        + sum_f_R0 (fun j => INR (number j l) * g j) n).
    { rewrite <- sum_plus; apply sum_eq; intros j _.
      unfold number; simpl; destruct (Nat.eq_dec x j); [rewrite S_INR |]; ring. }
    rewrite Hsplit, <- IH; simpl; f_equal.
    clear - Hx; induction n as [| n IHn].
    + simpl; destruct (Nat.eq_dec x 0); [now subst | lia].
    + rewrite tech5; destruct (Nat.eq_dec x (S n)) as [-> | Hneq].
      * rewrite (sum_eq _ (fun _ => 0)).
        -- rewrite sum_cte; ring.
        -- intros j Hj; destruct (Nat.eq_dec (S n) j); [lia | reflexivity].
      * rewrite <- IHn by lia; ring.
Qed.

(** Over all choices, every function of the number of successes has its hypergeometric
    mean. *)
Theorem choices_are_hypergeometric (n : nat) (g : nat -> R) (draws : list bool) :
  average_over_choices n g draws
  = hypergeometric_mean (length draws) (successes draws) n g.
Proof.
  unfold average_over_choices, mean, hypergeometric_mean.
  rewrite map_length, number_of_choices.
  rewrite <- (map_map successes g), (sum_by_value g n) by apply choice_has_at_most.
  unfold Rdiv; rewrite Rmult_comm, scal_sum; apply sum_eq; intros j Hj.
  rewrite choices_with_j_successes by exact Hj.
  unfold hypergeometric; rewrite <- (successes_and_failures draws).
  replace (successes draws + failures draws - successes draws)%nat
    with (failures draws) by lia.
  unfold Rdiv; ring.
Qed.
