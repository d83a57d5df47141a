(** * G5: all radii at once, from one stopped run

    Statement.  During the run use the bound [L] of G2 at level [w alpha]; at the cap of
    [N] draws use the Clopper-Pearson bound [C] at level [(1 - w) alpha].  The larger of
    them at the time at which the run stops, whatever stops it, exceeds [p] with
    probability at most [alpha].  No correction over radii is needed: every radius is a
    function of that one bound.

    Idea.  A union bound over the two kinds of bound. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List Bool Arith.
From RSTheory Require Import Setting Convexity BinomialLaw Paths C1 G1 G1_mixture.
Import ListNotations.
Open Scope R_scope.

Definition exceeds (p b : R) : bool := if Rlt_dec p b then true else false.

(** The bound of a run of [N] draws at most that has made the draws [w]: [L], and at the
    cap the larger of [L] and the Clopper-Pearson bound [C]. *)
Definition hybrid_bound (N : nat) (L : nat -> nat -> R) (C : nat -> R) (w : list bool) : R :=
  if Nat.eq_dec (length w) N then Rmax (after L w) (C (successes w)) else after L w.

(** The bound of the run at the time it stops, after [T w] draws and for whatever reason,
    exceeds [p] with probability at most [alpha]; hence so does every radius computed from
    it. *)
Theorem G5 (p alpha share : R) (N : nat) (L : nat -> nat -> R) (C : nat -> R)
  (T : list bool -> nat) :
  0 < p < 1 -> 0 < alpha < 1 -> 0 < share < 1 ->
  anytime_bound (share * alpha) kt L ->
  clopper_pearson N ((1 - share) * alpha) C ->
  over_paths N (fun w => indicator (exceeds p (hybrid_bound N L C (firstn (T w) w)))) p
  <= alpha.
Proof.
  intros Hp Halpha Hshare HL HC.
  assert (Hp01 : in_01 p) by (unfold in_01; lra).
  assert (Hduring : 0 < share * alpha) by (apply Rmult_lt_0_compat; lra).
  assert (Hcap : 0 < (1 - share) * alpha < 1).
  { split; [apply Rmult_lt_0_compat; lra |].
    apply Rlt_trans with (1 * alpha); [apply Rmult_lt_compat_r; lra | lra]. }
  apply Rle_trans with (over_paths N (fun w => indicator
    (ever (fun k j => exceeds p (L k j)) 0 0 w || exceeds p (C (successes w)))) p).
  - apply over_paths_implies; [exact Hp01 |].
    intros w Hw; rewrite orb_true_iff; unfold hybrid_bound.
    destruct (Nat.eq_dec (length (firstn (T w) w)) N) as [Hall | _].
    + assert (Hsame : firstn (T w) w = w).
      { rewrite firstn_length in Hall; apply firstn_all2; lia. }
      rewrite Hsame; intros H.
      unfold exceeds at 1 in H; destruct (Rlt_dec p _) as [Hlt | _]; [| discriminate].
      destruct (Rlt_dec p (C (successes w))) as [HltC | HgeC].
      * right; unfold exceeds; destruct (Rlt_dec p _); [reflexivity | lra].
      * left; apply (ever_of_time _ (T w)); rewrite Hsame.
        unfold exceeds; destruct (Rlt_dec p _) as [_ | Hno]; [reflexivity |].
        unfold after in Hlt; exfalso; revert Hlt.
        apply Rle_not_lt, Rmax_lub; lra.
    + intros H; left; apply (ever_of_time _ (T w)); exact H.
  - apply Rle_trans with (1 := over_paths_or N _ _ p Hp01).
    pose proof (G2_kt p (share * alpha) L N Hp Hduring HL) as HG2.
    pose proof (C1 N ((1 - share) * alpha) C Hcap HC p Hp01) as HC1.
    rewrite <- over_paths_of_count in HC1.
    rewrite (over_paths_ext N (fun w => indicator (exceeds p (C (successes w))))
      (fun w => if Rlt_dec p (C (successes w)) then 1 else 0)).
    2: { intros w _; unfold exceeds; destruct (Rlt_dec p (C (successes w))); reflexivity. }
    unfold exceeds; lra.
Qed.
