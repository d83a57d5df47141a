(** * D2, second form: ACR is the survival curve weighted by the sensitivity

    Statement.  Let the label probabilities of the correctly predicted samples be
    finitely many values, at most [U < 1], given as a law (a sample that fails carries
    the value 0).  Then, without a budget, ACR is the integral of
    [S(u) R'(u)] over [u] from 1/2 to [U], where [S(u)] is the share of the samples
    with [p >= u] and [R' = sigma / phi (Q u)] is the sensitivity.

    Idea.  For one sample it is the fundamental theorem of calculus, [R] being 0 at
    1/2; both sides are linear in the law. *)

Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
Require Import List.
From RSTheory Require Import Setting Gaussian A1 A2_A3 D2_D3.
Open Scope R_scope.

Section Sensitivity.

Variables sigma U : R.
Hypothesis U_range : 1/2 <= U < 1.

Lemma sensitivity_integral (p : R) :
  1/2 <= p < 1 -> is_RInt (sensitivity sigma) (1/2) p (Radius sigma p).
Proof.
  intros Hp.
  apply (is_RInt_value _ _ _ (minus (Radius sigma p) (Radius sigma (1/2)))).
  - apply (is_RInt_derive (V := R_CompleteNormedModule) (Radius sigma)).
    + rewrite Rmin_left, Rmax_right by lra; intros u Hu.
      apply derive_Radius; lra.
    + rewrite Rmin_left, Rmax_right by lra; intros u Hu.
      apply (ex_derive_continuous (V := R_NormedModule)).
      eexists; apply A3; lra.
  - rewrite A1_half; unfold minus, plus, opp; simpl; ring.
Qed.

(** One sample. *)
Lemma one_sample (p : R) :
  p <= U ->
  is_RInt (fun u => step u p * sensitivity sigma u) (1/2) U (certified_radius sigma p).
Proof.
  intros Hp; unfold certified_radius.
  destruct (Rlt_dec (1/2) p) as [Hlt | Hge].
  - assert (Hbelow : is_RInt (fun u => step u p * sensitivity sigma u) (1/2) p
                       (Radius sigma p)).
    { apply is_RInt_ext with (f := sensitivity sigma).
      - rewrite Rmin_left, Rmax_right by lra; intros u Hu.
        unfold step; destruct (Rle_dec u p); lra.
      - apply sensitivity_integral; lra. }
    assert (Habove : is_RInt (fun u => step u p * sensitivity sigma u) p U
                       (scal (U - p) 0)).
    { apply is_RInt_ext with (f := fun _ => 0); [| apply @is_RInt_const].
      rewrite Rmin_left, Rmax_right by lra; intros u Hu.
      unfold step; destruct (Rle_dec u p); lra. }
    apply (is_RInt_value _ _ _ _ _ (is_RInt_Chasles _ _ _ _ _ _ Hbelow Habove)).
    unfold plus, scal; simpl; unfold mult; simpl; ring.
  - apply (is_RInt_value _ _ _ (scal (U - 1/2) 0));
      [| unfold scal; simpl; unfold mult; simpl; ring].
    apply is_RInt_ext with (f := fun _ => 0); [| apply @is_RInt_const].
    rewrite Rmin_left, Rmax_right by lra; intros u Hu.
    unfold step; destruct (Rle_dec u p); lra.
Qed.

(** If every label probability is at most [U < 1], the integral of survival times
    sensitivity from 1/2 to [U] is the mean radius. *)
Theorem D2_sensitivity (l : law) :
  Forall (fun wx => snd wx <= U) l ->
  is_RInt (fun u => survival l u * sensitivity sigma u) (1/2) U
          (expect (certified_radius sigma) l).
Proof.
  induction 1 as [| [w p] l Hp _ IH]; simpl in *.
  - apply (is_RInt_value _ _ _ (scal (U - 1/2) 0));
      [| unfold scal, expect; simpl; unfold mult; simpl; ring].
    apply is_RInt_ext with (f := fun _ => 0); [| apply @is_RInt_const].
    intros u _; unfold survival, expect; simpl; ring.
  - rewrite expect_cons.
    apply is_RInt_ext with
      (f := fun u => plus (scal w (step u p * sensitivity sigma u))
                          (survival l u * sensitivity sigma u)).
    + intros u _; unfold survival; rewrite expect_cons.
      unfold plus, scal; simpl; unfold mult; simpl; ring.
    + apply (is_RInt_plus (V := R_NormedModule)); [| exact IH].
      apply (is_RInt_scal (V := R_NormedModule)).
      now apply one_sample.
Qed.

End Sensitivity.
