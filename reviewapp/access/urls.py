"""Addresses of signing in, people, roles and keys, and the API of what people set for themselves."""

from django.urls import path

from reviewapp.access import api, views

app_name = "access"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign-in"),
    path("sign-out/", views.sign_out, name="sign-out"),
    path("password/", views.password, name="password"),
    path("preferences/", views.preferences, name="preferences"),
    path("preferences/keys/", views.own_keys, name="own-keys"),
    path("people/", views.people, name="people"),
    path("people/new/", views.new_person, name="new-person"),
    path("people/roles/<str:name>/", views.role, name="role"),
    path("people/roles/<str:name>/rights/", views.role_grants, name="role-grants"),
    path("people/<uuid:pk>/", views.person, name="person"),
    path("people/<uuid:pk>/roles/", views.roles, name="roles"),
    path("people/<uuid:pk>/state/", views.state, name="state"),
    path("people/<uuid:pk>/password/", views.reset_password, name="reset-password"),
    path("people/<uuid:pk>/rights/", views.grants, name="grants"),
    path("keys/", views.keys, name="keys"),
    path("keys/new/", views.new_key, name="new-key"),
    path("keys/<uuid:pk>/revoke/", views.revoke_key, name="revoke-key"),
]
api_urlpatterns = [
    path("me/keys", api.OwnKeysView.as_view(), name="api-own-keys"),
    path("me/absence", api.AbsenceView.as_view(), name="api-absence"),
]
