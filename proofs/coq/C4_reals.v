(** * C4: from real counts to whole ones

    In ordinary words.  [C4.md] shows, by hand and by ball arithmetic, that the radius is a
    convex function of the count where it is not negative, when the count is allowed to be
    any real number [a]: [y a] is the quantile of the [alpha]-quantile of
    Beta(a, N + 1 - a).  This file proves what that is needed for, the last step (its
    Section 5).

    Statement.  Let [y] be increasing and continuous on (0, N], negative somewhere before 1,
    and convex where it is not negative.  Then the increments of [g k = max 0 (y k)],
    [g 0 = 0], do not decrease.  With [C4_convex] the expected radius is convex, and with
    [C5.v] every spread is rewarded.

    Idea.  Where [y k < 0 < y (k+1)], start at the zero [a] between them: the step from
    [a] to [k + 1] is at most 1 long, the next is 1 long. *)

Require Import Reals Ranalysis5 Lra.
From Coquelicot Require Import Coquelicot.
Require Import Lia.
From RSTheory Require Import Setting Convexity BinomialLaw C2_C4.
Open Scope R_scope.

Section Reals.

Variables (N : nat) (y : R -> R).

Definition nonnegative_part (k : nat) : R :=
  if Nat.eq_dec k 0 then 0 else Rmax 0 (y (INR k)).

Hypothesis y_increasing : forall a b, 0 < a -> a < b -> b <= INR N -> y a < y b.
Hypothesis y_continuous : forall a, 0 < a <= INR N -> continuity_pt y a.
Hypothesis y_negative : exists e, 0 < e < 1 /\ y e < 0.
Hypothesis y_convex : convex_on (fun a => 0 < a <= INR N /\ 0 <= y a) y.

(** If the radius is convex where it is not negative, as a function of real counts, then
    its increments over whole counts do not decrease. *)
Theorem C4_from_real_counts : increments_non_decreasing N nonnegative_part.
Proof.
  intros k Hk; unfold increment.
  assert (HkN : INR k + 2 <= INR N).
  { replace (INR k + 2) with (INR (S (S k))) by (rewrite !S_INR; ring).
    apply le_INR; lia. }
  pose proof (pos_INR k) as Hk0.
  unfold nonnegative_part.
  destruct (Nat.eq_dec (S k) 0) as [|_]; [lia |].
  destruct (Nat.eq_dec (S (S k)) 0) as [|_]; [lia |].
  replace (INR (S (S k))) with (INR k + 2) by (rewrite !S_INR; ring).
  replace (INR (S k)) with (INR k + 1) by (rewrite S_INR; ring).
  pose proof (y_increasing (INR k + 1) (INR k + 2) ltac:(lra) ltac:(lra) HkN) as Hstep.
  destruct (Rle_lt_dec (y (INR k + 1)) 0) as [Hlow | Hhigh].
  { (* nothing certified at k + 1, so nothing at k *)
    rewrite (Rmax_left 0 (y (INR k + 1))) by exact Hlow.
    pose proof (Rmax_l 0 (y (INR k + 2))).
    destruct (Nat.eq_dec k 0) as [| Hpos]; [lra |].
    assert (HINR : 0 < INR k) by (apply lt_0_INR; lia).
    pose proof (y_increasing (INR k) (INR k + 1) HINR ltac:(lra) ltac:(lra)).
    rewrite (Rmax_left 0 (y (INR k))) by lra; lra. }
  rewrite (Rmax_right 0 (y (INR k + 1))), (Rmax_right 0 (y (INR k + 2))) by lra.
  (* from a zero between k and k + 1 *)
  assert (Hzero : forall a, 0 < a -> INR k <= a < INR k + 1 -> y a = 0 ->
            y (INR k + 1) <= y (INR k + 2) / 2).
  { intros a Ha Hbetween Hya.
    set (s := 1 / (INR k + 2 - a)).
    assert (Hs : 1/2 <= s <= 1).
    { assert (Hone : s * (INR k + 2 - a) = 1) by (unfold s; field; lra).
      split; apply (Rmult_le_reg_r (INR k + 2 - a)); lra. }
    pose proof (y_convex a (INR k + 2) s ltac:(lra) ltac:(lra) ltac:(lra)) as Hconvex.
    replace (s * a + (1 - s) * (INR k + 2)) with (INR k + 1) in Hconvex
      by (unfold s; field; lra).
    rewrite Hya in Hconvex; nra. }
  destruct (Nat.eq_dec k 0) as [Hk1 | Hk1].
  - (* at k = 0 the bound is 0 *)
    destruct y_negative as [e [He Hye]].
    rewrite Hk1 in *; simpl in *.
    destruct (IVT_interv y e (0 + 1)) as [a [Ha Hya]]; try lra.
    { intros b Hb; apply y_continuous; lra. }
    assert (a <> 0 + 1) by (intros ->; lra).
    pose proof (Hzero a ltac:(lra) ltac:(lra) Hya); lra.
  - assert (HINR : 0 < INR k) by (apply lt_0_INR; lia).
    destruct (Rlt_le_dec (y (INR k)) 0) as [Hneg | Hnonneg].
    + destruct (IVT_interv y (INR k) (INR k + 1)) as [a [Ha Hya]]; try lra.
      { intros b Hb; apply y_continuous; lra. }
      assert (a <> INR k + 1) by (intros ->; lra).
      pose proof (Hzero a ltac:(lra) ltac:(lra) Hya).
      rewrite Rmax_left by lra; lra.
    + rewrite Rmax_right by exact Hnonneg.
      pose proof (y_convex (INR k) (INR k + 2) (1/2) ltac:(lra) ltac:(lra) ltac:(lra))
        as Hconvex.
      replace (1/2 * INR k + (1 - 1/2) * (INR k + 2)) with (INR k + 1) in Hconvex by field.
      lra.
Qed.

End Reals.
