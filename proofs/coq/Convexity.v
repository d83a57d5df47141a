(** * Convexity: the definition and two ways to use it

    In ordinary words.  A function is convex on a set when the chord lies above
    the graph.  For a convex function, moving two points apart by the same amount
    raises (or keeps) the sum of their values; and the value at an average is at
    most the average of the values (Jensen), for finite laws.

    Idea.  The two inner points are symmetric mixtures of the two outer ones.
    Jensen is induction on the number of values. *)

Require Import Reals Lra List.
From RSTheory Require Import Setting.
Import ListNotations.
Open Scope R_scope.

Definition convex_on (I : R -> Prop) (f : R -> R) : Prop :=
  forall x y t, I x -> I y -> 0 <= t <= 1 ->
    f (t * x + (1 - t) * y) <= t * f x + (1 - t) * f y.

(** The set [0, 1]. *)
Definition in_01 (p : R) : Prop := 0 <= p <= 1.

(** ** Two points moved apart *)

Lemma convex_apart (I : R -> Prop) (f : R -> R) (p q d : R) :
  convex_on I f -> I (p - d) -> I (q + d) -> p <= q -> 0 <= d ->
  f p + f q <= f (p - d) + f (q + d).
Proof.
  intros Hconvex Hlow Hhigh Hpq Hd.
  destruct (Rle_lt_dec (q - p + 2 * d) 0) as [Hzero | Hwidth].
  - (* nothing moves *)
    replace (p - d) with p by lra.
    replace (q + d) with q by lra.
    lra.
  - set (t := (q + d - p) / (q - p + 2 * d)).
    assert (Ht : 0 <= t <= 1).
    { unfold t; split.
      - apply Rmult_le_pos; [lra | now apply Rlt_le, Rinv_0_lt_compat].
      - apply (Rmult_le_reg_r (q - p + 2 * d)); [exact Hwidth |].
        field_simplify; lra. }
    pose proof (Hconvex (p - d) (q + d) t Hlow Hhigh Ht) as Hp.
    pose proof (Hconvex (p - d) (q + d) (1 - t) Hlow Hhigh ltac:(lra)) as Hq.
    replace (t * (p - d) + (1 - t) * (q + d)) with p in Hp by (unfold t; field; lra).
    replace ((1 - t) * (p - d) + (1 - (1 - t)) * (q + d)) with q in Hq
      by (unfold t; field; lra).
    lra.
Qed.

(** ** Jensen's inequality for finite laws *)

Definition total (l : law) : R := expect (fun _ => 1) l.
Definition moment (l : law) : R := expect (fun x => x) l.

Lemma total_nonneg (l : law) : Forall (fun wx => 0 <= fst wx) l -> 0 <= total l.
Proof.
  unfold total.
  induction 1 as [| [w x] l Hw _ IH].
  - unfold expect; simpl; lra.
  - rewrite expect_cons; simpl in Hw; lra.
Qed.

Lemma no_weight_no_value (f : R -> R) (l : law) :
  Forall (fun wx => 0 <= fst wx) l -> total l = 0 -> expect f l = 0.
Proof.
  intros Hweights; unfold total.
  induction Hweights as [| [w x] l Hw Hl IH]; intros Hzero.
  - reflexivity.
  - rewrite expect_cons in *; simpl in Hw.
    pose proof (total_nonneg l Hl) as Htail; unfold total in Htail.
    rewrite IH by lra.
    replace w with 0 by lra; ring.
Qed.

(** The average of points of an interval lies in the interval. *)
Lemma average_between (a b : R) (l : law) :
  Forall (fun wx => 0 <= fst wx) l -> Forall (fun wx => a <= snd wx <= b) l ->
  a * total l <= moment l <= b * total l.
Proof.
  intros Hweights Hvalues; unfold total, moment.
  induction l as [| [w x] l IH].
  - unfold expect; simpl; lra.
  - inversion_clear Hweights as [| ? ? Hw Hl].
    inversion_clear Hvalues as [| ? ? Hx Hl'].
    specialize (IH Hl Hl').
    rewrite !expect_cons; simpl in Hw, Hx; nra.
Qed.

Lemma jensen_unnormalised (a b : R) (f : R -> R) (l : law) :
  convex_on (fun x => a <= x <= b) f ->
  Forall (fun wx => 0 <= fst wx) l -> Forall (fun wx => a <= snd wx <= b) l ->
  0 < total l ->
  total l * f (moment l / total l) <= expect f l.
Proof.
  intros Hconvex Hweights Hvalues.
  induction l as [| [w x] l IH]; intros Htotal.
  - unfold total, expect in Htotal; simpl in Htotal; lra.
  - inversion_clear Hweights as [| ? ? Hw Hl]; simpl in Hw.
    inversion_clear Hvalues as [| ? ? Hx Hl']; simpl in Hx.
    specialize (IH Hl Hl').
    change (total ((w, x) :: l)) with (w * 1 + total l) in *.
    change (moment ((w, x) :: l)) with (w * x + moment l).
    rewrite expect_cons.
    pose proof (average_between a b l Hl Hl') as Haverage.
    destruct (total_nonneg l Hl) as [Htail | Htail].
    + (* a mixture of [x] and the average of the tail *)
      specialize (IH Htail).
      set (y := moment l / total l) in *.
      set (t := w / (w + total l)).
      assert (Hy : a <= y <= b).
      { unfold y; split; apply (Rmult_le_reg_r (total l)); trivial;
          unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra. }
      assert (Ht : 0 <= t <= 1).
      { unfold t; split.
        - apply Rmult_le_pos; [exact Hw | apply Rlt_le, Rinv_0_lt_compat; lra].
        - apply (Rmult_le_reg_r (w + total l)); [lra |].
          unfold Rdiv; rewrite Rmult_assoc, Rinv_l; lra. }
      pose proof (Hconvex x y t Hx Hy Ht) as Hmix.
      replace ((w * x + moment l) / (w * 1 + total l)) with (t * x + (1 - t) * y)
        by (unfold t, y; field; lra).
      apply (Rmult_le_compat_l (w * 1 + total l)) in Hmix; [| lra].
      replace ((w * 1 + total l) * (t * f x + (1 - t) * f y))
        with (w * f x + total l * f y) in Hmix by (unfold t; field; lra).
      lra.
    + (* the tail carries no weight *)
      symmetry in Htail.
      rewrite (no_weight_no_value f l Hl Htail), Htail in *.
      replace (moment l) with 0
        by (symmetry; exact (no_weight_no_value (fun x => x) l Hl Htail)).
      replace ((w * x + 0) / (w * 1 + 0)) with x by (field; lra).
      lra.
Qed.

Theorem jensen (a b : R) (f : R -> R) (l : law) :
  convex_on (fun x => a <= x <= b) f ->
  is_law l -> Forall (fun wx => a <= snd wx <= b) l ->
  f (moment l) <= expect f l.
Proof.
  intros Hconvex [Hweights Htotal] Hvalues.
  pose proof (jensen_unnormalised a b f l Hconvex Hweights Hvalues) as Hjensen.
  unfold total in Hjensen; rewrite Htotal in Hjensen.
  replace (moment l / 1) with (moment l) in Hjensen by field.
  lra.
Qed.
