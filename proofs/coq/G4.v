(** * G4: looks with thresholds, whatever they are

    Statement.  A run of at most [N] draws certifies when its counts meet [hit k j], a
    condition on the successes and failures so far that does not fail when a failure is
    turned into a success: thresholds at any number of looks, for instance.
    - The probability [crossing] of ever meeting it obeys a recursion over counts, which is
      how it is computed, and is that of the runs themselves.
    - It does not decrease in [p].
    - So if it is at most [alpha] at [p = q], then it is at every [p <= q]: any spending of
      [alpha] over the looks is sound whose exact crossing probability at [q] is at most
      [alpha].
    - A family of such conditions, one for each [q], gives a bound, and so all radii at once.
    - What holds for every [N] holds in the limit, for runs without a cap.

    Idea.  Coupling: a run that has one success more, and one failure less, meets the
    condition whenever the other does.  So it pays to succeed, at every draw. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List Bool.
From RSTheory Require Import Setting Convexity BinomialLaw Paths G1.
Import ListNotations.
Open Scope R_scope.

(** The probability of meeting [hit] at [k] successes and [j] failures or within [N] more
    draws, by a recursion over counts. *)
Fixpoint crossing (hit : nat -> nat -> bool) (N k j : nat) (p : R) : R :=
  if hit k j then 1
  else match N with
       | O => 0
       | S N' => (1 - p) * crossing hit N' k (S j) p + p * crossing hit N' (S k) j p
       end.

(** The recursion over counts computes the probability, over all paths, of ever crossing. *)
Theorem G4_exact (hit : nat -> nat -> bool) (N k j : nat) (p : R) :
  over_paths N (fun w => indicator (ever hit k j w)) p = crossing hit N k j p.
Proof.
  revert k j; induction N as [| N IH]; intros k j; simpl.
  - destruct (hit k j); reflexivity.
  - destruct (hit k j); simpl; [rewrite !over_paths_const; ring | now rewrite !IH].
Qed.

(** A success instead of a failure never undoes a crossing. *)
Definition favours_success (hit : nat -> nat -> bool) : Prop :=
  forall k j, hit k (S j) = true -> hit (S k) j = true.

Section Looks.

Variable hit : nat -> nat -> bool.
Hypothesis hit_monotone : favours_success hit.

Lemma crossing_01 (N k j : nat) (p : R) : in_01 p -> 0 <= crossing hit N k j p <= 1.
Proof.
  unfold in_01; intros Hp; revert k j; induction N as [| N IH]; intros k j; simpl;
    destruct (hit k j); try lra.
  pose proof (IH k (S j)); pose proof (IH (S k) j); nra.
Qed.

Lemma success_helps (N k j : nat) (p : R) :
  in_01 p -> crossing hit N k (S j) p <= crossing hit N (S k) j p.
Proof.
  intros Hp; pose proof Hp as Hp'; unfold in_01 in Hp'.
  revert k j; induction N as [| N IH]; intros k j; simpl;
    destruct (hit k (S j)) eqn:Hhit.
  - rewrite (hit_monotone k j Hhit); lra.
  - destruct (hit (S k) j); lra.
  - rewrite (hit_monotone k j Hhit); lra.
  - pose proof (crossing_01 N k (S (S j)) p Hp); pose proof (crossing_01 N (S k) (S j) p Hp).
    destruct (hit (S k) j); [nra |].
    apply Rplus_le_compat; (apply Rmult_le_compat_l; [lra | apply IH]).
Qed.

(** The probability of ever crossing does not decrease in [p]. *)
Theorem G4_monotone (N k j : nat) (p q : R) :
  in_01 p -> in_01 q -> p <= q -> crossing hit N k j p <= crossing hit N k j q.
Proof.
  intros Hp Hq Hpq; pose proof Hp as Hp'; pose proof Hq as Hq'; unfold in_01 in Hp', Hq'.
  revert k j; induction N as [| N IH]; intros k j; simpl; destruct (hit k j); try lra.
  apply Rle_trans with ((1 - p) * crossing hit N k (S j) q + p * crossing hit N (S k) j q).
  - apply Rplus_le_compat; (apply Rmult_le_compat_l; [lra | apply IH]).
  - pose proof (success_helps N k j q Hq); nra.
Qed.

(** Thresholds whose exact crossing probability at [q] is at most [alpha] are crossed with
    probability at most [alpha] for every [p <= q]. *)
Theorem G4 (N : nat) (p q alpha : R) :
  in_01 p -> in_01 q -> p <= q -> crossing hit N 0 0 q <= alpha ->
  over_paths N (fun w => indicator (ever hit 0 0 w)) p <= alpha.
Proof.
  intros Hp Hq Hpq Hlevel; rewrite G4_exact.
  apply Rle_trans with (2 := Hlevel); now apply G4_monotone.
Qed.

End Looks.

(** Thresholds at looks: at a look after [n] draws, certify from [threshold n] successes
    on. *)
Definition at_looks (look : nat -> bool) (threshold : nat -> nat) (k j : nat) : bool :=
  look (k + j)%nat && (threshold (k + j)%nat <=? k)%nat.

(** Looks with thresholds are such a condition, whichever the looks and thresholds are. *)
Theorem G4_looks (look : nat -> bool) (threshold : nat -> nat) :
  favours_success (at_looks look threshold).
Proof.
  intros k j; unfold at_looks; replace (k + S j)%nat with (S k + j)%nat by lia.
  rewrite !andb_true_iff, !PeanoNat.Nat.leb_le; intros [Hlook Hk]; split; [exact Hlook | lia].
Qed.

(** ** All radii at once; no cap *)

(** A family of conditions, one for each [q], each at level [alpha] for [p = q]: a bound that
    exceeds [q] only when the condition of [q] is met exceeds [p] at some time within [N]
    draws with probability at most [alpha].  So one run serves all radii, uncorrected. *)
Theorem G4_all_radii (N : nat) (hit : R -> nat -> nat -> bool) (L : nat -> nat -> R)
  (p alpha : R) :
  in_01 p -> crossing (hit p) N 0 0 p <= alpha ->
  (forall k j q, q < L k j -> hit q k j = true) ->
  over_paths N (fun w => indicator
    (ever (fun k j => if Rlt_dec p (L k j) then true else false) 0 0 w)) p <= alpha.
Proof.
  intros Hp Hlevel HL; rewrite <- G4_exact in Hlevel.
  apply Rle_trans with (2 := Hlevel), over_paths_implies; [exact Hp |].
  intros w _ H; apply ever_iff in H as [n [Hn H]]; apply ever_iff; exists n.
  split; [exact Hn |]; apply HL.
  destruct (Rlt_dec p _) as [Hlt | _]; [exact Hlt | discriminate].
Qed.

Lemma more_draws (hit : nat -> nat -> bool) (N k j : nat) (p : R) :
  in_01 p -> crossing hit N k j p <= crossing hit (S N) k j p.
Proof.
  unfold in_01; intros Hp; revert k j; induction N as [| N IH]; intros k j.
  - simpl; destruct (hit k j); [lra |].
    destruct (hit k (S j)), (hit (S k) j); lra.
  - cbn [crossing]; destruct (hit k j); [lra |].
    apply Rplus_le_compat; (apply Rmult_le_compat_l; [lra | apply IH]).
Qed.

(** Without a cap: the probability of crossing within [N] draws does not decrease in [N], and
    if it is at most [alpha] for every [N] it has a limit of at most [alpha]. *)
Theorem without_cap (hit : nat -> nat -> bool) (p alpha : R) :
  in_01 p ->
  (forall N, over_paths N (fun w => indicator (ever hit 0 0 w)) p <= alpha) ->
  exists limit : R, limit <= alpha /\
    is_lim_seq (fun N => over_paths N (fun w => indicator (ever hit 0 0 w)) p) limit.
Proof.
  intros Hp Halpha.
  destruct (ex_finite_lim_seq_incr
    (fun N => over_paths N (fun w => indicator (ever hit 0 0 w)) p) alpha) as [l Hl].
  - intros N; rewrite !G4_exact; now apply more_draws.
  - exact Halpha.
  - exists l; split; [| exact Hl].
    exact (is_lim_seq_le _ _ _ _ Halpha Hl (is_lim_seq_const alpha)).
Qed.
