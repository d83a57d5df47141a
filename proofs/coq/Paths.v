(** * Paths: the expected value of anything that a run may look at

    In ordinary words.  A run of [N] draws is a path, the list of its outcomes in their
    order.  Each draw succeeds with probability [p], whatever the others do.
    [over_paths N f p] is the expected value of [f] of the whole path; what depends on the
    number of successes alone has its binomial expected value.

    Statement.
    - It is the sum over all paths of [p^successes (1-p)^failures] times [f].
    - It is linear in [f] and respects inequalities.
    - If [f] looks at the number of successes only, it is [expected N f p].

    Idea.  Induction on the number of draws, the first draw first. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia List Bool.
From RSTheory Require Import Setting Convexity BinomialLaw.
Import ListNotations.
Open Scope R_scope.

Fixpoint over_paths (N : nat) (f : list bool -> R) (p : R) : R :=
  match N with
  | O => f []
  | S N' => (1 - p) * over_paths N' (fun w => f (false :: w)) p
            + p * over_paths N' (fun w => f (true :: w)) p
  end.

Fixpoint successes (w : list bool) : nat :=
  match w with
  | [] => 0
  | true :: w' => S (successes w')
  | false :: w' => successes w'
  end.

Fixpoint failures (w : list bool) : nat :=
  match w with
  | [] => 0
  | true :: w' => failures w'
  | false :: w' => S (failures w')
  end.

Lemma successes_and_failures (w : list bool) : (successes w + failures w = length w)%nat.
Proof. induction w as [| [|] w IH]; simpl; lia. Qed.

(** 1 if it happens, 0 if not. *)
Definition indicator (b : bool) : R := if b then 1 else 0.

Lemma indicator_01 (b : bool) : 0 <= indicator b <= 1.
Proof. destruct b; simpl; lra. Qed.

(** ** The sum over all paths *)

Fixpoint all_paths (N : nat) : list (list bool) :=
  match N with
  | O => [[]]
  | S N' => map (cons false) (all_paths N') ++ map (cons true) (all_paths N')
  end.

Lemma sum_app (l l' : list R) : sum (l ++ l') = sum l + sum l'.
Proof. induction l as [| x l IH]; simpl; [ring | rewrite IH; ring]. Qed.

Lemma sum_scal {A : Type} (c : R) (f : A -> R) (l : list A) :
  sum (map (fun x => c * f x) l) = c * sum (map f l).
Proof. induction l as [| x l IH]; simpl; [ring | rewrite IH; ring]. Qed.

(** The expected value is a finite sum over the paths, each with its probability. *)
Theorem over_paths_is_sum (N : nat) (f : list bool -> R) (p : R) :
  over_paths N f p
  = sum (map (fun w => p ^ successes w * (1 - p) ^ failures w * f w) (all_paths N)).
Proof.
  revert f; induction N as [| N IH]; intros f; [simpl; ring |].
  simpl over_paths; simpl all_paths.
  rewrite map_app, !map_map, sum_app, !IH, <- !sum_scal.
  f_equal; f_equal; apply map_ext; intros w; simpl; ring.
Qed.

(** ** Linearity and order *)

Lemma over_paths_ext (N : nat) (f g : list bool -> R) (p : R) :
  (forall w, length w = N -> f w = g w) -> over_paths N f p = over_paths N g p.
Proof.
  revert f g; induction N as [| N IH]; intros f g Hfg; simpl; [now apply Hfg |].
  f_equal; f_equal; apply IH; intros w Hw; apply Hfg; simpl; lia.
Qed.

Lemma over_paths_le (N : nat) (f g : list bool -> R) (p : R) :
  in_01 p -> (forall w, length w = N -> f w <= g w) ->
  over_paths N f p <= over_paths N g p.
Proof.
  intros Hp; unfold in_01 in Hp.
  revert f g; induction N as [| N IH]; intros f g Hfg; simpl; [now apply Hfg |].
  apply Rplus_le_compat; (apply Rmult_le_compat_l; [lra |]);
    apply IH; intros w Hw; apply Hfg; simpl; lia.
Qed.

Lemma over_paths_const (N : nat) (c p : R) : over_paths N (fun _ => c) p = c.
Proof. induction N as [| N IH]; simpl; [reflexivity | rewrite IH; ring]. Qed.

Lemma over_paths_plus (N : nat) (f g : list bool -> R) (p : R) :
  over_paths N (fun w => f w + g w) p = over_paths N f p + over_paths N g p.
Proof.
  revert f g; induction N as [| N IH]; intros f g; simpl; [ring |].
  rewrite (IH (fun w => f (false :: w)) (fun w => g (false :: w))),
    (IH (fun w => f (true :: w)) (fun w => g (true :: w))); ring.
Qed.

Lemma over_paths_scal (N : nat) (c : R) (f : list bool -> R) (p : R) :
  over_paths N (fun w => c * f w) p = c * over_paths N f p.
Proof.
  revert f; induction N as [| N IH]; intros f; simpl; [ring |].
  rewrite (IH (fun w => f (false :: w))), (IH (fun w => f (true :: w))); ring.
Qed.

(** What depends on the number of successes alone. *)
Theorem over_paths_of_count (N : nat) (g : nat -> R) (p : R) :
  over_paths N (fun w => g (successes w)) p = expected N g p.
Proof.
  revert g; induction N as [| N IH]; intros g; simpl; [reflexivity |].
  now rewrite (IH g), (IH (fun k => g (S k))).
Qed.

(** An event that implies another is no more probable. *)
Lemma over_paths_implies (N : nat) (a b : list bool -> bool) (p : R) :
  in_01 p -> (forall w, length w = N -> a w = true -> b w = true) ->
  over_paths N (fun w => indicator (a w)) p <= over_paths N (fun w => indicator (b w)) p.
Proof.
  intros Hp Hab; apply over_paths_le; [exact Hp |].
  intros w Hw; specialize (Hab w Hw).
  destruct (a w); [rewrite (Hab eq_refl); simpl; lra |].
  pose proof (indicator_01 (b w)); simpl; lra.
Qed.

(** The probability of one event or another is at most the sum of theirs. *)
Lemma over_paths_or (N : nat) (a b : list bool -> bool) (p : R) :
  in_01 p ->
  over_paths N (fun w => indicator (a w || b w)) p
  <= over_paths N (fun w => indicator (a w)) p + over_paths N (fun w => indicator (b w)) p.
Proof.
  intros Hp; rewrite <- over_paths_plus; apply over_paths_le; [exact Hp |].
  intros w _; destruct (a w), (b w); simpl; lra.
Qed.
