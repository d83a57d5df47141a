(** * C10 for runs that may stop: noise that is only nearly Gaussian

    In ordinary words.  The draws of a run succeed with a probability [p'] that is within
    [tau] of the [p] that is meant.  C10 in [C1.v] says what that does to one
    Clopper-Pearson bound.  Here it is said of anything that a run may do.

    Statement.
    - Raising the success probability from [m] to [x] makes no event more than [(x/m)^N]
      times as likely.
    - So a test of "p <= q", [q >= 1/2], that errs with probability at most [alpha] at every
      [p <= q] errs with probability at most [alpha (1 + 2 tau)^N] under such noise.
    - In general no event gains more than [N tau] in probability; so it is for draws that
      fall into several classes, of which C12 speaks.

    Idea.  One draw at a time. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List Bool.
From RSTheory Require Import Setting Convexity BinomialLaw Paths C1 G1 G1_mixture G4 C12.
Import ListNotations.
Open Scope R_scope.

(** Raising the success probability makes nothing more than [(x/m)^N] times as likely. *)
Theorem over_paths_grows (N : nat) (f : list bool -> R) (m x : R) :
  0 < m -> m <= x <= 1 -> (forall w, 0 <= f w) ->
  over_paths N f x <= (x / m) ^ N * over_paths N f m.
Proof.
  intros Hm Hx; revert f; induction N as [| N IH]; intros f Hf; [simpl; lra |].
  assert (Hratio : 1 <= x / m).
  { apply (Rmult_le_reg_r m); [lra |]; unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra. }
  assert (Hpow : 0 <= (x / m) ^ N) by (apply pow_le; lra).
  assert (Hnonneg : forall h, (forall w, 0 <= h w) -> 0 <= over_paths N h m).
  { intros h Hh; rewrite <- (over_paths_const N 0 m).
    apply over_paths_le; [unfold in_01; lra | intros w _; apply Hh]. }
  simpl over_paths; rewrite <- tech_pow_Rmult.
  apply Rle_trans with
    ((1 - x) * ((x / m) ^ N * over_paths N (fun w => f (false :: w)) m)
     + x * ((x / m) ^ N * over_paths N (fun w => f (true :: w)) m)).
  - apply Rplus_le_compat; (apply Rmult_le_compat_l; [lra |]); apply IH;
      intros w; apply Hf.
  - pose proof (Rmult_le_pos _ _ Hpow (Hnonneg (fun w => f (false :: w)) (fun w => Hf _)))
      as Hfail.
    set (A := (x / m) ^ N * over_paths N (fun w => f (false :: w)) m) in *.
    set (B := (x / m) ^ N * over_paths N (fun w => f (true :: w)) m).
    replace (x / m * (x / m) ^ N * ((1 - m) * over_paths N (fun w => f (false :: w)) m
                                    + m * over_paths N (fun w => f (true :: w)) m))
      with (x / m * (1 - m) * A + x * B) by (unfold A, B; field; lra).
    apply Rplus_le_compat_r, Rmult_le_compat_r; [exact Hfail |].
    apply Rle_trans with (1 * (1 - m)); [lra |]; apply Rmult_le_compat_r; lra.
Qed.

(** A test of "p <= q", [q >= 1/2], whose level is [alpha] at every [p <= q], has the level
    [alpha (1 + 2 tau)^N] if the draws succeed with a probability within [tau] of [p]. *)
Theorem C10_test (N : nat) (certify : list bool -> bool) (p p' q tau alpha : R) :
  1/2 <= q <= 1 -> p <= q -> in_01 p' -> Rabs (p' - p) <= tau -> 0 <= alpha ->
  (forall x, in_01 x -> x <= q -> over_paths N (fun w => indicator (certify w)) x <= alpha) ->
  over_paths N (fun w => indicator (certify w)) p' <= alpha * (1 + 2 * tau) ^ N.
Proof.
  intros Hq Hpq Hp' Hnear Halpha Hlevel; apply Rabs_le_between in Hnear.
  pose proof Hp' as Hp''; unfold in_01 in Hp''.
  destruct (Rle_lt_dec p' q) as [Hle | Hgt].
  - apply Rle_trans with (1 := Hlevel p' Hp' Hle).
    rewrite <- (Rmult_1_r alpha) at 1; apply Rmult_le_compat_l; [exact Halpha |].
    apply pow_R1_Rle; lra.
  - apply Rle_trans with ((p' / q) ^ N * over_paths N (fun w => indicator (certify w)) q).
    + apply over_paths_grows; [lra | lra | intros w; apply indicator_01].
    + rewrite Rmult_comm; apply Rmult_le_compat.
      * rewrite <- (over_paths_const N 0 q); apply over_paths_le; [unfold in_01; lra |].
        intros w _; apply indicator_01.
      * apply pow_le, Rmult_le_pos; [lra | apply Rlt_le, Rinv_0_lt_compat; lra].
      * apply Hlevel; unfold in_01; lra.
      * apply pow_incr; split.
        -- apply Rmult_le_pos; [lra | apply Rlt_le, Rinv_0_lt_compat; lra].
        -- apply (Rmult_le_reg_r q); [lra |]; unfold Rdiv.
           rewrite Rmult_assoc, Rinv_l by lra; nra.
Qed.

(** The truncated mixture against [q >= 1/2] under such noise: a run of at most [N] draws
    that may stop at any time, for any reason, errs with probability at most
    [alpha (1 + 2 tau)^N]. *)
Theorem C10_anytime (N : nat) (T : list bool -> nat) (p p' q tau alpha : R) :
  1/2 <= q < 1 -> p <= q -> in_01 p' -> Rabs (p' - p) <= tau -> 0 < alpha ->
  over_paths N (fun w => indicator
    (if Rle_dec (/ alpha) (after (kt q) (firstn (T w) w)) then true else false)) p'
  <= alpha * (1 + 2 * tau) ^ N.
Proof.
  intros Hq Hpq Hp' Hnear Halpha.
  apply (C10_test N _ p p' q tau alpha); trivial; try lra.
  intros x Hx Hxq; apply G1; trivial; lra.
Qed.

(** Under such noise no event of a run gains more than [N tau] in probability. *)
Theorem C10_any_event (N : nat) (f : list bool -> R) (p p' tau : R) :
  in_01 p -> in_01 p' -> Rabs (p' - p) <= tau -> (forall w, 0 <= f w <= 1) ->
  over_paths N f p' <= over_paths N f p + INR N * tau.
Proof.
  intros Hp Hp' Hnear; apply Rabs_le_between in Hnear; unfold in_01 in *.
  revert f; induction N as [| N IH]; intros f Hf; [simpl; lra |].
  rewrite S_INR; simpl over_paths.
  pose proof (IH (fun w => f (false :: w)) (fun w => Hf _)) as Hfail.
  pose proof (IH (fun w => f (true :: w)) (fun w => Hf _)) as Hsucc.
  assert (Hrange : forall h, (forall w, 0 <= h w <= 1) -> 0 <= over_paths N h p <= 1).
  { intros h Hh; split.
    - rewrite <- (over_paths_const N 0 p); apply over_paths_le; [exact Hp | intros; apply Hh].
    - rewrite <- (over_paths_const N 1 p); apply over_paths_le; [exact Hp | intros; apply Hh]. }
  pose proof (Hrange (fun w => f (false :: w)) (fun w => Hf _)).
  pose proof (Hrange (fun w => f (true :: w)) (fun w => Hf _)).
  apply (Rmult_le_compat_l (1 - p')) in Hfail; [| lra].
  apply (Rmult_le_compat_l p') in Hsucc; [| lra].
  set (A := over_paths N (fun w => f (false :: w)) p) in *.
  set (B := over_paths N (fun w => f (true :: w)) p) in *.
  assert (Hgain : (p' - p) * (B - A) <= tau) by nra.
  lra.
Qed.

(** The same for draws that fall into several classes: if no event of one draw gains more
    than [tau], no event of [N] draws gains more than [N tau]. *)
Theorem C10_classes (M N : nat) (p p' : nat -> R) (tau : R) (f : list nat -> R) :
  class_law M p -> class_law M p' ->
  (forall h, (forall c, 0 <= h c <= 1) ->
     sum_f_R0 (fun c => p' c * h c) M <= sum_f_R0 (fun c => p c * h c) M + tau) ->
  (forall w, 0 <= f w <= 1) ->
  over_classes M p' N f <= over_classes M p N f + INR N * tau.
Proof.
  intros Hp Hp' Hnear; revert f; induction N as [| N IH]; intros f Hf; [simpl; lra |].
  rewrite S_INR; simpl over_classes.
  assert (Hrange : forall c, 0 <= over_classes M p N (fun w => f (c :: w)) <= 1).
  { intros c; split.
    - rewrite <- (over_classes_const M p Hp N 0) at 1.
      apply over_classes_le; [exact Hp | intros; apply Hf].
    - rewrite <- (over_classes_const M p Hp N 1).
      apply over_classes_le; [exact Hp | intros; apply Hf]. }
  apply Rle_trans with (sum_f_R0 (fun c => p' c * over_classes M p N (fun w => f (c :: w))
                                           + p' c * (INR N * tau)) M).
  - apply sum_Rle; intros c _; rewrite <- Rmult_plus_distr_l.
    apply Rmult_le_compat_l; [apply Hp' | apply IH; intros w; apply Hf].
  - rewrite sum_plus, <- scal_sum.
    destruct Hp' as [_ ->].
    pose proof (Hnear (fun c => over_classes M p N (fun w => f (c :: w))) Hrange); lra.
Qed.
